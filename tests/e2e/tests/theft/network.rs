//! The network, and the tenant's desk behind it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wardseal_client::{
    Transport, TransportError,
    api::{Role, tenant::DepositSharesRequest},
    exchange::{HttpRequest, HttpResponse},
    types::{Timestamp, UserId},
};
use wardseal_client_http::HttpTransport;
use wardseal_e2e::theft::Sent;
use wardseal_tenant::{EscrowDesk, SharesInMemory};

#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) http: HttpTransport,
    pub(crate) sent: Sent,
    pub(crate) desk: Arc<Mutex<Option<(EscrowDesk, SharesInMemory)>>>,
    pub(crate) now: Timestamp,
    pub(crate) caller: UserId,
}

impl Transport for Network {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        self.sent.note(&request);
        if request.role != Role::Tenant {
            return self.http.send(request).await;
        }
        assert!(request.path.ends_with("/deposit"), "{}", request.path);
        let asked: DepositSharesRequest = serde_json::from_slice(&request.body).unwrap();
        let mut desk = lock(&self.desk);
        let (desk, store) = desk.as_mut().unwrap();
        let answer = desk.deposit(store, &self.caller, &asked, self.now).unwrap();
        Ok(HttpResponse {
            status: 200,
            body: serde_json::to_vec(&answer).unwrap(),
        })
    }
}

pub(crate) fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
