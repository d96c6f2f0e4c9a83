//! What cases become.

use std::collections::BTreeSet;

use crate::{
    app::Work,
    failure::{Code, Failure},
    id::Id,
    model,
    receiver::Receiver,
    requests::refused,
    store::{CaseRow, Kind, Notice, blobs, cases, facilities, feed, requests, same_version},
};
use transfer_rules::{
    CaseState, RequestState, Side,
    compete::{self, Outcome},
    moves::{Refusal, check_case},
};

impl Work<'_> {
    /// A case that the caller has seen in its present version.
    fn case(&self, id: Id, version: u64) -> Result<CaseRow, Failure> {
        let case = cases::find(self.tx, id)?.ok_or(Code::NotFound)?;
        same_version(case.version, version)?;
        Ok(case)
    }

    /// Opens a case.
    pub(crate) fn open_case(&self, asked: &model::NewCase) -> Result<(), Failure> {
        if cases::find(self.tx, asked.id)?.is_some() {
            return Err(Code::Taken.into());
        }
        if facilities::find(self.tx, &asked.facility)?.is_none() {
            return Err(Code::NotAMember.into());
        }
        blobs::is_whole(self.tx, asked.sealed, &asked.facility)?;
        let case = CaseRow {
            id: asked.id,
            facility: asked.facility,
            state: CaseState::Draft,
            urgency: asked.urgency,
            family: asked.family,
            ready: asked.ready,
            consent: asked.consent,
            session: asked.session,
            documents_session: asked.documents_session,
            sealed: asked.sealed,
            version: 1,
            created: self.now,
            updated: self.now,
        };
        cases::insert(self.tx, &case)?;
        self.tell_of_case(&case)
    }

    /// Changes a case.
    pub(crate) fn update_case(&self, id: Id, asked: &model::UpdateCase) -> Result<(), Failure> {
        let mut case = self.case(id, asked.version)?;
        if case.state.is_final() {
            return Err(refused(Refusal::CaseOver));
        }
        if let Some(sealed) = asked.sealed {
            blobs::is_whole(self.tx, sealed, &case.facility)?;
            case.sealed = sealed;
        }
        case.urgency = asked.urgency.unwrap_or(case.urgency);
        case.family = asked.family.unwrap_or(case.family);
        case.ready = asked.ready.unwrap_or(case.ready);
        case.consent = asked.consent.unwrap_or(case.consent);
        if let Some(to) = asked.state
            && to != case.state
        {
            self.move_case(&mut case, to)?;
        }
        self.follow(&mut case, true)
    }

    fn move_case(&self, case: &mut CaseRow, to: CaseState) -> Result<(), Failure> {
        let row = check_case(case.state, to, Side::Sender).map_err(refused)?;
        // What follows from requests is not for anybody to say.
        if row.automatic {
            return Err(refused(Refusal::NoSuchMove));
        }
        case.state = to;
        if to.is_final() {
            return self.outcome(case, |pairs| Ok(compete::end(pairs)), Side::Sender);
        }
        // On hold all clocks stand still, and afterwards they go on.
        for mut request in requests::of_case(self.tx, case.id)? {
            let before = request.paused_since;
            self.clock(&mut request, to)?;
            if request.paused_since != before {
                request.version = request.version.saturating_add(1);
                request.updated = self.now;
                requests::update(self.tx, &request)?;
                self.tell(&request)?;
            }
        }
        Ok(())
    }

    /// Sends a case to facilities.
    pub(crate) fn send_case(&self, id: Id, asked: &model::Send) -> Result<(), Failure> {
        let mut case = self.case(id, asked.version)?;
        if asked.requests.is_empty() {
            return Err(Failure::detail(Code::Malformed, "no facility is asked"));
        }
        let present = requests::of_case(self.tx, id)?;
        compete::may_send(
            case.state,
            present.iter().map(|request| request.state),
            asked.requests.len(),
        )
        .map_err(refused)?;
        let mut asking: BTreeSet<Receiver> = present
            .into_iter()
            .filter(|request| !request.state.is_final())
            .map(|request| request.receiver)
            .collect();
        for request in &asked.requests {
            let Some((receiver, facility)) = facilities::receiver(self.tx, &request.to)? else {
                return Err(Code::ReceiverRefused.into());
            };
            if receiver.group() == Some(case.facility) || !asking.insert(receiver.clone()) {
                return Err(Code::ReceiverRefused.into());
            }
            self.ask(&case, request, receiver, &facility)?;
        }
        self.follow(&mut case, true)
    }

    /// Adds a document.
    pub(crate) fn add_document(&self, id: Id, asked: &model::AddDocument) -> Result<(), Failure> {
        let mut case = self.case(id, asked.version)?;
        if case.state.is_final() {
            return Err(refused(Refusal::CaseOver));
        }
        blobs::is_whole(self.tx, asked.blob, &case.facility)?;
        if !cases::add_document(self.tx, id, asked.blob)? {
            return Err(Code::Taken.into());
        }
        self.documents_changed(id)?;
        self.follow(&mut case, true)
    }

    /// Removes a document.
    pub(crate) fn remove_document(&self, id: Id, version: u64, blob: Id) -> Result<(), Failure> {
        let mut case = self.case(id, version)?;
        if !cases::remove_document(self.tx, id, blob)? {
            return Err(Code::NotFound.into());
        }
        self.documents_changed(id)?;
        self.follow(&mut case, true)
    }

    /// Tells those to whom the record is disclosed that its documents are others now.
    fn documents_changed(&self, case: Id) -> Result<(), Failure> {
        for request in requests::of_case(self.tx, case)? {
            if request.disclosure.is_some() && request.released.is_none() {
                let names = (request.id, case, request.version);
                self.tell_receiver(&request.receiver, names)?;
            }
        }
        Ok(())
    }

    /// Chooses one offer and releases all others.
    pub(crate) fn choose(&self, id: Id, asked: &model::Choose) -> Result<(), Failure> {
        let mut case = self.case(id, asked.version)?;
        let chosen = requests::find(self.tx, asked.request)?
            .filter(|request| request.case == id)
            .ok_or(Code::NotFound)?;
        if chosen.state != RequestState::Offered {
            // It was offered when the caller saw it.
            return Err(Code::Stale.into());
        }
        let which = asked.request;
        let decide = |pairs: &[(Id, RequestState)]| compete::choose(case.state, pairs, which);
        self.outcome(&case, decide, Side::System)?;
        self.write_to(&chosen.receiver, Notice::Chosen)?;
        self.follow(&mut case, true)
    }

    /// Does to all requests of a case what was decided, and tells everybody. `side` is whose move
    /// it is for those that were not chosen.
    fn outcome(
        &self,
        case: &CaseRow,
        decide: impl FnOnce(&[(Id, RequestState)]) -> Result<Outcome<Id>, Refusal>,
        side: Side,
    ) -> Result<(), Failure> {
        let present = requests::of_case(self.tx, case.id)?;
        let pairs: Vec<_> = present
            .iter()
            .map(|request| (request.id, request.state))
            .collect();
        let outcome = decide(&pairs).map_err(refused)?;
        for mut request in present {
            let to = outcome.moves.iter().find(|(id, _)| *id == request.id);
            let released = outcome.release.contains(&request.id);
            match to {
                Some((_, RequestState::Chosen)) => {
                    self.becomes(&mut request, case, RequestState::Chosen, Side::Sender, None)?;
                }
                Some((_, to)) => {
                    self.becomes(&mut request, case, *to, side, None)?;
                    self.write_to(&request.receiver, Notice::News)?;
                }
                None if released && request.released.is_none() => {
                    self.release(&mut request)?;
                    request.version = request.version.saturating_add(1);
                    request.updated = self.now;
                    requests::update(self.tx, &request)?;
                    self.tell(&request)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn tell_of_case(&self, case: &CaseRow) -> Result<(), Failure> {
        let names = (case.id, case.id, case.version);
        feed::tell(self.tx, &case.facility, Kind::Case, names, self.now)
    }
}
