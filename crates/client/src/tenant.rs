//! The tenant: what everybody may know of it, and how it comes to a server.

use wardseal_client_core::{
    Error, Misuse,
    api::keys::{Append, AppendRequest, CreateTenant, CreateTenantRequest},
    protocol::{
        keys::TenantKey,
        state::{TenantState, World as _},
        statement::Statement,
    },
    types::{KeyId, TenantId, Timestamp},
};

use crate::{
    client::Client,
    ports::{StateStore, Transport},
};

/// A tenant, as its chain says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant {
    /// The tenant.
    pub id: TenantId,
    /// The keys in force.
    pub keys: Vec<(KeyId, TenantKey)>,
    /// How many statements the log holds.
    pub log_size: u64,
    /// When the newest checkpoint was signed, by the server's clock.
    pub checkpoint: Timestamp,
}

impl<T: Transport, S: StateStore> Client<T, S> {
    /// Registers the tenant of this client at the server, by the genesis of its chain. Registering
    /// it again changes nothing.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for the genesis of another tenant; [`Error::Rejected`] where the server
    /// does not take it.
    pub async fn register_tenant(&self, genesis: &[u8]) -> Result<(), Error> {
        let ours = Statement::decode(genesis)
            .is_ok_and(|statement| statement.tenant() == self.config.tenant);
        if !ours {
            return Err(Misuse::Invalid("this is not the genesis of this tenant").into());
        }
        let request = CreateTenantRequest {
            statement: genesis.into(),
        };
        self.call::<CreateTenant>(&request).await?;
        self.tenant().await.map(|_| ())
    }

    /// Brings the key server a statement that the tenant has signed, such as a new key. Anybody who
    /// is signed up may: the signature is the authority.
    ///
    /// # Errors
    /// [`Misuse::Invalid`] for a statement of another chain; [`Error::Rejected`] where the rules of
    /// the tenant's chain refuse it.
    pub async fn extend_tenant(&self, statement: &[u8]) -> Result<(), Error> {
        let ours = Statement::decode(statement)
            .is_ok_and(|statement| statement.chain() == self.config.tenant.into());
        if !ours {
            return Err(Misuse::Invalid("this is no statement of this tenant's chain").into());
        }
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        let request = AppendRequest {
            tenant: self.config.tenant,
            statements: vec![statement.into()],
            boxes: Vec::new(),
            log_size: 0,
            salt: None,
        };
        self.call_signed::<Append>(inner, &request).await?;
        Ok(self.learn_tenant(inner).await?)
    }

    /// The tenant of this client, which anybody may ask for.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Misbehaved`].
    pub async fn tenant(&self) -> Result<Tenant, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.learn_tenant(inner).await?;
        let id = self.config.tenant;
        let missing = || Error::from(Misuse::NotFound(id.into()));
        let state = inner.knowledge.world().tenant().ok_or_else(missing)?;
        let checkpoint = inner.knowledge.checkpoint().ok_or_else(missing)?;
        Ok(Tenant {
            id,
            keys: state.keys().map(|(id, key)| (*id, key.clone())).collect(),
            log_size: checkpoint.size,
            checkpoint: checkpoint.time,
        })
    }

    /// The tenant's chain as it is now, to which [`extend_tenant`](Self::extend_tenant) adds.
    ///
    /// # Errors
    /// [`Error::Transport`], [`Error::Misbehaved`].
    pub async fn tenant_state(&self) -> Result<TenantState, Error> {
        let mut inner = self.inner.lock().await;
        let inner = &mut *inner;
        self.learn_tenant(inner).await?;
        let state = inner.knowledge.world().tenant().cloned();
        state.ok_or_else(|| Misuse::NotFound(self.config.tenant.into()).into())
    }
}
