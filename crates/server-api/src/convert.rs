//! Between the bodies of the API and what the services take and give.

use wardseal_api::keys as api;
use wardseal_server_domain::keys as domain;
use wardseal_types::{Base64Url, FixedBytes};

pub(crate) fn all_bytes(texts: Vec<Base64Url>) -> Vec<Vec<u8>> {
    texts.into_iter().map(|text| text.0).collect()
}

fn all_texts(bytes: Vec<Vec<u8>>) -> Vec<Base64Url> {
    bytes.into_iter().map(Base64Url).collect()
}

fn hashes(proof: Vec<[u8; 32]>) -> Vec<FixedBytes<32>> {
    proof.into_iter().map(FixedBytes).collect()
}

fn entries(entries: Vec<domain::Entry>) -> Vec<api::Entry> {
    entries
        .into_iter()
        .map(|entry| api::Entry {
            statement: entry.statement.into(),
            position: entry.position,
            inclusion: hashes(entry.inclusion),
        })
        .collect()
}

fn log(view: domain::LogView) -> api::LogView {
    api::LogView {
        checkpoint: view.checkpoint,
        consistency: hashes(view.consistency),
    }
}

pub(crate) fn append(request: api::AppendRequest) -> domain::Append {
    domain::Append {
        tenant: request.tenant,
        statements: all_bytes(request.statements),
        boxes: all_bytes(request.boxes),
        log_size: request.log_size,
        salt: request.salt,
    }
}

pub(crate) fn appended(appended: domain::Appended) -> api::Appended {
    api::Appended {
        entries: entries(appended.entries),
        log: log(appended.log),
    }
}

pub(crate) fn fetched(fetched: domain::Fetched) -> api::Fetched {
    api::Fetched {
        chains: fetched
            .chains
            .into_iter()
            .map(|slice| api::ChainSlice {
                chain: slice.chain,
                entries: entries(slice.entries),
                boxes: all_texts(slice.boxes),
            })
            .collect(),
        log: log(fetched.log),
        children: fetched.children.map(|children| api::Children {
            sessions: children.sessions,
            next: children.next,
        }),
    }
}

pub(crate) fn evaluated(evaluated: domain::Evaluated) -> api::Evaluated {
    api::Evaluated {
        evaluation: evaluated.evaluation.into(),
        oprf_key: evaluated.oprf_key,
        record: evaluated.record,
    }
}
