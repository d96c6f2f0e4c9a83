//! Facilities that are asked before they are registered.

use crate::{
    app::Work,
    failure::{Code, Failure},
    invitations,
    receiver::Identifier,
    store::{
        facilities,
        letters::{self, Kind, NewLetter},
        people::{self, Guest},
    },
};

impl Work<'_> {
    /// Writes to a facility that is not registered: something waits, and with this it registers.
    /// The invitation that it got before is void, unless somebody has used it.
    pub(crate) fn invite_facility(
        &self,
        identifier: &Identifier,
        kind: Kind,
    ) -> Result<(), Failure> {
        let found = facilities::announced(self.tx, identifier)?.ok_or(Code::NotFound)?;
        let Some(address) = &found.facility.address else {
            return Ok(());
        };
        if letters::waits(self.tx, address, kind)? {
            // It says so already, and its invitation is to stay good.
            return Ok(());
        }
        let number = match people::founder(self.tx, identifier)? {
            Some(_) => found.invitations,
            None => {
                let number = facilities::count_invitation(self.tx, identifier)?;
                let code = self.codes.of_facility(identifier, number);
                let expires = self.now.plus_millis(invitations::LIFETIME);
                let hash = invitations::hash(&code);
                people::invite(self.tx, &hash, Guest::Facility(identifier), expires)?;
                number
            }
        };
        let about = format!("{number} {identifier}");
        letters::write(
            self.tx,
            &NewLetter {
                address,
                language: found.facility.language,
                kind,
                about: Some(about.as_bytes()),
                expires: None,
            },
            self.now,
        )
    }
}
