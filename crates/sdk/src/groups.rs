//! Groups of people.

use wardseal_client::{
    Group, Role, Visibility,
    types::{GroupId, MemberId},
};

use crate::{error::Error, wardseal::Wardseal};

/// Groups of people and groups.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a>(pub(crate) &'a Wardseal);

impl Groups<'_> {
    /// Makes a group, of which this person is an administrator.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let place = wardseal_e2e::Place::new().await;
    /// # let (ward, _) = (place.person("doctor-4711").await, place.person("doctor-4712").await);
    /// # let colleague = ward.users().by_name(&["doctor-4712"]).await?[0];
    /// use wardseal_sdk::{Role, Visibility};
    ///
    /// let ours = ward.groups().create("North", &[(colleague.into(), Role::Member)]).await?;
    /// let group = ward.groups().get(ours).await?;
    /// assert_eq!(group.name.as_deref(), Some("North"));
    ///
    /// ward.groups().remove(ours, &[colleague.into()]).await?;
    /// ward.groups().add(ours, colleague.into(), Role::Member, Visibility::FromJoin).await?;
    /// # assert_eq!(ward.groups().list().await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Code `bad_name`; `unknown_chain` for a member that does not exist.
    pub async fn create(&self, name: &str, members: &[(MemberId, Role)]) -> Result<GroupId, Error> {
        Ok(self.0.core.create_group(name, members).await?)
    }

    /// The groups of which this person is a member, oldest first.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn list(&self) -> Result<Vec<Group>, Error> {
        Ok(self.0.core.groups().await?)
    }

    /// A group.
    ///
    /// # Errors
    /// Code `unknown_chain`.
    pub async fn get(&self, group: GroupId) -> Result<Group, Error> {
        Ok(self.0.core.group(group).await?)
    }

    /// Adds a user or a group. `visibility` says what the new member sees of the past.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person is an administrator.
    pub async fn add(
        &self,
        group: GroupId,
        member: MemberId,
        role: Role,
        visibility: Visibility,
    ) -> Result<(), Error> {
        let added = self.0.core.add_member(group, member, role, visibility);
        Ok(added.await?)
    }

    /// Adds many members with one request; gives what became of each. They see the past too.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person is an administrator, and those of the connection.
    pub async fn add_many(
        &self,
        group: GroupId,
        members: &[(MemberId, Role)],
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let added = self.0.core.add_members(group, members).await?;
        Ok(added
            .into_iter()
            .map(|result| result.map_err(Error::from))
            .collect())
    }

    /// Removes members; the group gets a new key in the same step.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person is an administrator.
    pub async fn remove(&self, group: GroupId, members: &[MemberId]) -> Result<(), Error> {
        Ok(self.0.core.remove_members(group, members).await?)
    }

    /// Changes a member's role.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person is an administrator.
    pub async fn set_role(
        &self,
        group: GroupId,
        member: MemberId,
        role: Role,
    ) -> Result<(), Error> {
        Ok(self.0.core.set_role(group, member, role).await?)
    }

    /// Changes the name, which only members can read.
    ///
    /// # Errors
    /// Codes `bad_name`, `not_authorised`.
    pub async fn rename(&self, group: GroupId, name: &str) -> Result<(), Error> {
        Ok(self.0.core.rename_group(group, name).await?)
    }

    /// Ends a group. Nothing can be sealed to it any more; what was sealed stays readable.
    ///
    /// # Errors
    /// Code `not_authorised` unless this person is an administrator.
    pub async fn dissolve(&self, group: GroupId) -> Result<(), Error> {
        Ok(self.0.core.dissolve_group(group).await?)
    }
}
