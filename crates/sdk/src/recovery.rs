//! Ways back in, for who has lost the password.

use wardseal_client::{
    MethodCheck, RecoveryEvent, RecoveryMethod,
    types::{DeviceId, GroupId},
};
use zeroize::Zeroizing;

use crate::{error::Error, wardseal::Wardseal};

/// The recovery methods of the person who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a>(pub(crate) &'a Wardseal);

impl Recovery<'_> {
    /// The methods in force. The password is one.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the connection.
    pub async fn methods(&self) -> Result<Vec<RecoveryMethod>, Error> {
        Ok(self.0.core.recovery_methods().await?)
    }

    /// Draws a recovery code, which opens the person for whoever holds it; the one before ends. It
    /// is for paper, and is shown once.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use wardseal_sdk::Wardseal;
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let ward = place.person("doctor-4711").await;
    /// let code = ward.recovery().create_code().await?;
    ///
    /// // On another machine, when the password is forgotten:
    /// let elsewhere = Wardseal::open(place.options()).await?;
    /// elsewhere
    ///     .recover_by_code("doctor-4711", &code, "four quiet grey herons", &[])
    ///     .await?;
    /// # assert!(elsewhere.profile().await.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Codes `password_needed`, `not_configured` without a vault.
    pub async fn create_code(&self) -> Result<Zeroizing<String>, Error> {
        Ok(self.0.core.create_recovery_code().await?)
    }

    /// Lets administrators of a group help: `quorum` of them, one or two.
    ///
    /// # Errors
    /// Code `invalid` for a group without enough administrators.
    pub async fn set_organisation(&self, group: GroupId, quorum: u8) -> Result<DeviceId, Error> {
        Ok(self.0.core.set_organisation(group, quorum).await?)
    }

    /// Removes a method. It opens nothing from now on.
    ///
    /// # Errors
    /// Code `invalid` for a device that is no method.
    pub async fn remove(&self, method: DeviceId) -> Result<(), Error> {
        Ok(self.0.core.remove_recovery(method).await?)
    }

    /// Finds out about every method whether it would work, without using it.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the connection to the key server.
    pub async fn check(&self) -> Result<Vec<MethodCheck>, Error> {
        Ok(self.0.core.check_recovery().await?)
    }

    /// The recoveries that happened.
    ///
    /// # Errors
    /// Code `no_identity`, and those of the connection.
    pub async fn events(&self) -> Result<Vec<RecoveryEvent>, Error> {
        Ok(self.0.core.recovery_events().await?)
    }
}
