//! The server of Wardseal Transfer: it coordinates transfers of patients between facilities, and cannot read a record.
//!
//! It holds what class K of the data model allows (random identifiers, groups of facilities, states,
//! times, a three-step urgency, a coarse family of care, lengths) and sealed blobs. Everything that
//! a person wrote or chose about a patient is sealed in the page, by the platform, for groups of
//! people; this server is one of the platform's tenants and has no more than any tenant: a key that
//! signs names, and HTTP.
//!
//! | module | |
//! |---|---|
//! | `routes` | addresses, bodies, who may ask for what |
//! | `cases`, `requests`, `jobs` | what becomes of a case and its requests; every transition by `transfer_rules` |
//! | `store` | SQL; one transaction for each change |
//! | `blobs` | which parts of sealed blobs count; they lie in an object store (`wardseal-blobs`) |
//! | `people`, `session` | who is who (asked of the key server, verified), and who is signed in |
//! | `events`, `mail` | what facilities are told |
//! | `config`, `admin` | the program's commands |
//!
//! No identifier of a case or request, no address and no body is written to the log, at any level.

pub mod admin;
mod app;
mod blobs;
mod cases;
mod challenges;
mod codes;
pub mod config;
mod escrow;
mod events;
mod facilities;
mod failure;
pub mod files;
mod id;
mod invitations;
mod jobs;
mod mail;
pub mod model;
mod people;
mod random;
mod receiver;
pub mod recovery;
mod requests;
mod restarts;
mod routes;
mod server;
mod session;
mod store;
mod web;
mod words;

pub use app::{App, Parts};
pub use blobs::MOST_BYTES;
pub use failure::{Code, Failure, Problem};
pub use id::{Id, IdError};
pub use mail::{Language, Mailer, MailerError, UnknownLanguage};
pub use people::{FRESH, People, PeopleError, Tenant, TlsUnavailable};
pub use random::Random;
pub use receiver::{Identifier, Receiver, ReceiverError};
pub use routes::{document, openapi_text};
pub use server::{Stop, serve};
pub use session::{IDLE, LIFETIME};
pub use store::{Notified, OpenError, Store};
/// Where sealed blobs lie.
pub use wardseal_blobs::{Blobs, PART};
pub use web::{Web, WebError};
