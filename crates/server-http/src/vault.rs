//! Operations of the vault.

use std::sync::Arc;

use wardseal_api::{
    keys::ServerInfo,
    vault::{
        GetVault, LoggedIn, LoginFinish, LoginFinishRequest, LoginStart, LoginStartRequest,
        LoginStarted, RecordStored, RegisterStart, RegisterStartRequest, RegisterStarted,
        StoreRecord, StoreRecordRequest,
    },
};
use wardseal_server_domain::vault::{self as domain, VaultService};

use crate::{app::About, convert::all_bytes, failure::Failure, routes::Routes};

/// What handlers of the vault work on.
pub(crate) struct Vault {
    service: Arc<VaultService>,
    about: Arc<About>,
}

impl Vault {
    pub(crate) const fn new(service: Arc<VaultService>, about: Arc<About>) -> Self {
        Self { service, about }
    }
}

/// Every operation of this role.
pub(crate) fn operations(routes: &mut impl Routes<Vault>) {
    routes.open::<GetVault>(about);
    routes.open::<RegisterStart>(register_start);
    routes.open::<StoreRecord>(store_record);
    routes.open::<LoginStart>(login_start);
    routes.open::<LoginFinish>(login_finish);
}

fn about(vault: &Vault, (): ()) -> Result<ServerInfo, Failure> {
    Ok(vault.about.info())
}

fn register_start(vault: &Vault, body: RegisterStartRequest) -> Result<RegisterStarted, Failure> {
    let response = vault
        .service
        .register_start(&body.record, body.request.as_slice())?;
    Ok(RegisterStarted {
        response: response.into(),
    })
}

fn store_record(vault: &Vault, body: StoreRecordRequest) -> Result<RecordStored, Failure> {
    let record = body.record;
    vault.service.store_record(&domain::StoreRecord {
        tenant: body.tenant,
        user: body.user,
        device: body.device,
        record,
        access: body.access.0,
        sealed: body.sealed.0,
        tenant_chain: all_bytes(body.tenant_chain),
        user_chain: all_bytes(body.user_chain),
        signature: body.signature,
    })?;
    Ok(RecordStored { record })
}

fn login_start(vault: &Vault, body: LoginStartRequest) -> Result<LoginStarted, Failure> {
    let started = vault
        .service
        .login_start(&body.record, body.ke1.as_slice())?;
    Ok(LoginStarted {
        login: started.login,
        ke2: started.ke2.into(),
    })
}

fn login_finish(vault: &Vault, body: LoginFinishRequest) -> Result<LoggedIn, Failure> {
    let sealed = vault
        .service
        .login_finish(&body.login, body.ke3.as_slice())?;
    Ok(LoggedIn {
        sealed: sealed.into(),
    })
}
