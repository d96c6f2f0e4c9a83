//! People by their names, and the devices of our own.

use wardseal_client::{
    Error as ClientError, Misuse,
    protocol::keys::DeviceKind,
    types::{DeviceId, NamedId, UserId},
};

use crate::{error::Error, wardseal::Wardseal};

/// People by the names that the application gave them.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a>(pub(crate) &'a Wardseal);

impl Users<'_> {
    /// The users whom the application calls by these names, in the same order.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, _) = (place.person("doctor-4711").await, place.person("doctor-4712").await);
    /// let users = ward.users().by_name(&["doctor-4712"]).await?;
    /// # let them = wardseal_sdk::MemberId::from(users[0]);
    /// let unknown = ward.users().by_name(&["doctor-1"]).await.unwrap_err();
    /// assert_eq!(unknown.code(), "unknown_name");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `unknown_name`; `identity_changed` when a name means another user than before: ask the
    /// person, then [`confirm`](Self::confirm).
    pub async fn by_name(&self, names: &[&str]) -> Result<Vec<UserId>, Error> {
        Ok(self.0.core.users_by_name(names).await?)
    }

    /// The same with an answer for each name: one that is unknown does not hold up the others.
    ///
    /// # Errors
    /// Those of the connection, and `invalid` for more than a thousand.
    pub async fn find(&self, names: &[&str]) -> Result<Vec<Result<UserId, Error>>, Error> {
        let found = self.0.core.find_users(names).await?;
        Ok(found
            .into_iter()
            .map(|result| result.map_err(Error::from))
            .collect())
    }

    /// Accepts that a name means another user than before.
    ///
    /// # Errors
    /// Code `unknown_name`, also for the name of a group.
    pub async fn confirm(&self, name: &str) -> Result<UserId, Error> {
        match self.0.core.confirm_identity(name).await? {
            NamedId::User(user) => Ok(user),
            NamedId::Group(_) => Err(ClientError::from(Misuse::UnknownName(name.into())).into()),
        }
    }
}

/// A device or recovery method in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// How its keys are kept.
    pub kind: DeviceKind,
    /// Whether it is this one.
    pub current: bool,
}

/// The devices of the person who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Devices<'a>(pub(crate) &'a Wardseal);

impl Devices<'_> {
    /// The devices and recovery methods in force.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the connection.
    pub async fn list(&self) -> Result<Vec<Device>, Error> {
        let devices = self.0.core.devices().await?;
        let shown = |device: wardseal_client::Device| Device {
            id: device.id,
            kind: device.kind,
            current: device.this,
        };
        Ok(devices.into_iter().map(shown).collect())
    }

    /// Revokes devices. What is sealed from now on stays closed to them, whatever they kept.
    ///
    /// # Errors
    /// Code `invalid` for this very device: that takes another one.
    pub async fn revoke(&self, devices: &[DeviceId]) -> Result<(), Error> {
        Ok(self.0.core.revoke_devices(devices).await?)
    }
}
