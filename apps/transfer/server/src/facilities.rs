//! Facilities that are asked before they are registered.
//!
//! A request to one is sealed for a pending recipient of the platform; what waits here is only that it waits. The
//! facility gets a letter without content; its first person signs up with the invitation in it, makes a group, and has
//! the platform bind the facility's identifier to the group. Whether that is so, the group's chain says and not this
//! server's memory. From then on what waited is the group's.

use std::sync::Arc;

use wardseal_tenant::GroupNameRequest;
use wardseal_types::GroupId;

use crate::{
    app::{App, Work},
    failure::{Code, Failure},
    id::Id,
    invitations,
    model::{
        BindFacility, Deliver, Delivered, Facility, FacilityBound, Invited, OpenInvitation,
        RegisterFacility,
    },
    receiver::{Identifier, Receiver},
    session::Caller,
    store::{
        facilities::{self, Announced},
        letters::{self, Kind, NewLetter},
        people::{self, Guest},
        requests,
    },
};

/// Requests that are reported at once.
const MOST: usize = 1000;

impl App {
    /// What an invitation of a facility is for.
    pub(crate) async fn open_invitation(
        self: &Arc<Self>,
        asked: OpenInvitation,
    ) -> Result<Invited, Failure> {
        let code = invitations::hash(&asked.invitation);
        let now = self.now();
        self.read(move |tx| {
            let invitation = people::facility_invitation(tx, &code)?
                .filter(|found| found.expires > now)
                .ok_or(Code::InvitationRefused)?;
            let found = facilities::announced(tx, &invitation.identifier)?
                .ok_or(Code::InvitationRefused)?;
            let waiting = requests::waiting(tx, &invitation.identifier)?.len();
            let Facility {
                name,
                country,
                city,
                ..
            } = found.facility.public;
            Ok(Invited {
                identifier: invitation.identifier,
                name,
                country,
                city,
                contact: found.facility.address.unwrap_or_default(),
                expires: invitation.expires,
                used: invitation.used_by.is_some(),
                waiting: u64::try_from(waiting).unwrap_or(u64::MAX),
            })
        })
        .await
    }

    /// Signs that a group has the identifier of the facility whose first person the caller is.
    pub(crate) async fn bind_facility(
        self: &Arc<Self>,
        caller: &Caller,
        asked: BindFacility,
    ) -> Result<FacilityBound, Failure> {
        let tenant = self.people.tenant();
        let request = GroupNameRequest {
            group: asked.group,
            commitment: asked.commitment,
            index: asked.index,
        };
        if !request.is_for(&tenant, asked.identifier.as_str()) {
            return Err(Failure::detail(
                Code::Malformed,
                "the request asks for another identifier than it says",
            ));
        }
        let (group, found) = (asked.group, self.founded(caller, asked.identifier).await?);
        if self.administered(caller, &[group]).await?.is_empty() {
            return Err(Code::NotAMember.into());
        }
        let is_facility = self.facility_groups().await?.contains(&group);
        if found.group.is_some_and(|other| other != group)
            || (is_facility && found.group != Some(group))
        {
            return Err(Code::Taken.into());
        }
        let token = self
            .random
            .with(|rng| {
                let key = self.people.key();
                key.bind_group(tenant, request, self.now(), rng)
            })
            .map_err(Failure::internal)?;
        Ok(FacilityBound { token })
    }

    /// Registers a facility whose identifier its group has by now, and gives the group what waited.
    pub(crate) async fn register_facility(
        self: &Arc<Self>,
        caller: &Caller,
        asked: RegisterFacility,
    ) -> Result<Facility, Failure> {
        let (group, identifier) = (asked.group, asked.identifier);
        self.founded(caller, identifier.clone()).await?;
        if self.administered(caller, &[group]).await?.is_empty() {
            return Err(Code::NotAMember.into());
        }
        let name = identifier.as_str();
        if !self.people.is_group_called(group, name).await? {
            return Err(Code::NotBound.into());
        }
        let user = caller.user;
        let registered = self
            .blocking(move |app| {
                let now = app.now();
                app.store
                    .write(|tx| app.work(tx, now, Some(user)).register(&identifier, group))
            })
            .await?;
        self.wake();
        Ok(registered)
    }

    /// One of the sides says that the facility has the keys of requests.
    pub(crate) async fn report_delivered(
        self: &Arc<Self>,
        caller: &Caller,
        asked: Deliver,
    ) -> Result<Delivered, Failure> {
        if asked.requests.len() > MOST {
            return Err(Failure::detail(
                Code::TooLarge,
                format!("at most {MOST} requests at once"),
            ));
        }
        self.member(caller, asked.facility).await?;
        let user = caller.user;
        let delivered = self
            .blocking(move |app| {
                let now = app.now();
                app.store.write(|tx| {
                    let work = app.work(tx, now, Some(user));
                    let mut delivered = Vec::new();
                    for id in asked.requests {
                        if work.deliver(id, asked.facility)? {
                            delivered.push(id);
                        }
                    }
                    Ok(delivered)
                })
            })
            .await?;
        self.wake();
        Ok(Delivered {
            requests: delivered,
        })
    }

    /// Reminds facilities that are not registered of what waits for them. Of how many requests.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remind(self: &Arc<Self>) -> Result<usize, Failure> {
        let reminded = self
            .blocking(|app| {
                let now = app.now();
                app.store.write(|tx| app.work(tx, now, None).remind())
            })
            .await?;
        if reminded > 0 {
            self.wake();
        }
        Ok(reminded)
    }

    /// The facility of an identifier, if the caller is its first person.
    async fn founded(
        self: &Arc<Self>,
        caller: &Caller,
        identifier: Identifier,
    ) -> Result<Announced, Failure> {
        let (user, now) = (caller.user, self.now());
        self.read(move |tx| {
            let found = facilities::announced(tx, &identifier)?;
            match people::founder(tx, &identifier, now)? {
                Some(founder) if founder == user => found.ok_or_else(|| Code::NotFound.into()),
                _ => Err(Code::NotFound.into()),
            }
        })
        .await
    }
}

impl Work<'_> {
    /// Writes to a facility that is not registered: something waits, and with this it registers. The
    /// link stays the same while it is good.
    pub(crate) fn invite_facility(
        &self,
        identifier: &Identifier,
        kind: Kind,
    ) -> Result<(), Failure> {
        let found = facilities::announced(self.tx, identifier)?.ok_or(Code::NotFound)?;
        let Some(address) = &found.facility.address else {
            return Ok(());
        };
        let number = self.invitation(identifier, found.invitations)?;
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

    /// The number of the invitation that is good: the last one, or a new one.
    fn invitation(&self, identifier: &Identifier, last: u64) -> Result<u64, Failure> {
        let expires = self.now.plus_millis(invitations::LIFETIME);
        let hash = |number| invitations::hash(&self.codes.of_facility(identifier, number));
        if people::founder(self.tx, identifier, self.now)?.is_some()
            || people::extend_invitation(self.tx, &hash(last), self.now, expires)?
        {
            return Ok(last);
        }
        let number = facilities::count_invitation(self.tx, identifier)?;
        let guest = Guest::Facility(identifier);
        people::invite(self.tx, &hash(number), guest, expires)?;
        Ok(number)
    }

    /// A group has the identifier: it is the facility, and what waited is its.
    fn register(&self, identifier: &Identifier, group: GroupId) -> Result<Facility, Failure> {
        let found = facilities::announced(self.tx, identifier)?.ok_or(Code::NotFound)?;
        let mut facility = found.facility;
        facility.public.group = Some(group);
        facility.public.contact = None;
        if found.group == Some(group) {
            return Ok(facility.public);
        }
        if !facilities::bind(self.tx, identifier, group)? {
            return Err(Code::Taken.into());
        }
        facilities::put(self.tx, &facility, self.now)?;
        for mut request in requests::waiting(self.tx, identifier)? {
            request.receiver = group.into();
            request.version = request.version.saturating_add(1);
            request.updated = self.now;
            requests::update(self.tx, &request)?;
            self.tell(&request)?;
        }
        requests::hand_over_revocations(self.tx, identifier, group)?;
        Ok(facility.public)
    }

    /// The facility has the key of a request of this side's. Whether there was one to have.
    fn deliver(&self, id: Id, side: GroupId) -> Result<bool, Failure> {
        let Some(mut request) = requests::find(self.tx, id)? else {
            return Ok(false);
        };
        let receiver = request.receiver.group();
        let is_theirs = request.sender == side || receiver == Some(side);
        if !is_theirs || receiver.is_none() || request.pending.is_none() {
            return Ok(false);
        }
        if request.released.is_none() && request.delivered(self.now) {
            request.version = request.version.saturating_add(1);
            request.updated = self.now;
            requests::update(self.tx, &request)?;
            self.tell(&request)?;
        }
        Ok(request.delivered.is_some())
    }

    fn remind(&self) -> Result<usize, Failure> {
        let found = requests::to_remind(self.tx, self.now)?;
        let reminded = found.len();
        for mut request in found {
            if let Receiver::Announced(identifier) = &request.receiver {
                self.invite_facility(identifier, Kind::StillWaiting)?;
            }
            request.reminded = Some(self.now);
            requests::update(self.tx, &request)?;
        }
        Ok(reminded)
    }
}
