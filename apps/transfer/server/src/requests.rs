//! What requests become: every transition through the rules, with all that follows from it.

use transfer_rules::{
    CaseState, Move, ReasonGroup, RequestState, Side,
    compete::case_after,
    deadline::{deadline, policy, resumed},
    moves::{self, Carried, Refusal, clock_stands},
    state::Access,
};
use wardseal_types::{PendingId, SessionId, Timestamp};

use crate::{
    app::Work,
    failure::{Code, Failure},
    id::Id,
    model,
    receiver::Receiver,
    store::{
        CaseRow, Happened, Kind, Notice, Notified, RequestRow, blobs, cases, facilities, feed,
        letters, requests, same_version,
    },
};

/// Which sides of a request somebody belongs to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sides {
    pub(crate) sender: bool,
    pub(crate) receiver: bool,
}

/// What the caller is told when the rules refuse.
pub(crate) fn refused(refusal: Refusal) -> Failure {
    let code = match refusal {
        Refusal::ReasonRequired => Code::ReasonsMissing,
        Refusal::SealedRequired => Code::SealedMissing,
        Refusal::ConsentRequired => Code::ConsentMissing,
        Refusal::TooManyOpen => Code::TooManyRequests,
        Refusal::NoSuchRequest => Code::NotFound,
        _ => Code::MoveRefused,
    };
    Failure::detail(code, refusal.to_string())
}

pub(crate) fn ms(time: Timestamp) -> i64 {
    i64::try_from(time.millis()).unwrap_or(i64::MAX)
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(ms).unwrap_or(0))
}

impl Work<'_> {
    /// A request and its case.
    pub(crate) fn request(&self, id: Id) -> Result<(RequestRow, CaseRow), Failure> {
        let request = requests::find(self.tx, id)?.ok_or(Code::NotFound)?;
        let case = cases::find(self.tx, request.case)?.ok_or(Code::NotFound)?;
        Ok((request, case))
    }

    /// Moves a request because one of its sides asks for it.
    pub(crate) fn move_request(
        &self,
        id: Id,
        sides: Sides,
        asked: &model::Move,
    ) -> Result<(), Failure> {
        let (mut request, mut case) = self.request(id)?;
        same_version(request.version, asked.version)?;
        // These have addresses of their own, and more comes with them.
        if matches!(
            asked.to,
            RequestState::Sent | RequestState::Disclosed | RequestState::Chosen
        ) || (request.released.is_some() && !request.state.is_final())
        {
            return Err(Code::MoveRefused.into());
        }
        let reasons = reasons(&asked.reason_groups)?;
        let carried = Carried {
            reasons: &reasons,
            sealed: asked.sealed.is_some(),
            consent: case.consent,
        };
        let check = |side| moves::check(case.state, request.state, asked.to, side, carried);
        let row = match (sides.receiver, sides.sender) {
            (true, false) => check(Side::Receiver),
            (false, true) => check(Side::Sender),
            // Somebody who works on both sides.
            (true, true) => check(Side::Receiver).or_else(|_| check(Side::Sender)),
            (false, false) => return Err(Code::NotFound.into()),
        };
        let row: Move = row.map_err(refused)?;
        if let Some(sealed) = asked.sealed {
            let owner = match row.side {
                // Whoever is on this side has a group.
                Side::Receiver => request.receiver.group().ok_or(Code::NotFound)?,
                _ => request.sender,
            };
            blobs::is_whole(self.tx, sealed, &owner)?;
        }
        if !reasons.is_empty() {
            request.reason_groups = codes(&reasons);
        }
        request.entered_by_sender |= row.telephone;
        if row.side == Side::Receiver {
            // Whoever opens it has its key.
            request.delivered(self.now);
        }
        self.becomes(&mut request, &case, asked.to, row.side, asked.sealed)?;
        let (to, notice) = match row.side {
            Side::Receiver => (request.sender.into(), Notice::Answer),
            _ => (request.receiver, Notice::News),
        };
        // That somebody has opened it is no reason to write to anybody.
        if !matches!(asked.to, RequestState::Viewed | RequestState::InReview)
            || row.side == Side::Sender
        {
            self.write_to(&to, notice)?;
        }
        self.follow(&mut case, false)
    }

    /// Discloses the record to the facility of a request, or what is disclosed anew.
    pub(crate) fn disclose(&self, id: Id, asked: &model::Disclose) -> Result<(), Failure> {
        let (mut request, mut case) = self.request(id)?;
        same_version(request.version, asked.version)?;
        if request.released.is_some() || case.state.is_final() {
            return Err(Code::MoveRefused.into());
        }
        blobs::is_whole(self.tx, asked.sealed, &case.facility)?;
        let again = match request.disclosure {
            Some((session, _)) if session == asked.session => true,
            // One session for each facility, and none that was to be revoked once.
            Some(_) => return Err(Code::Taken.into()),
            None => {
                if requests::uses_session(self.tx, asked.session)?
                    || requests::is_revoked(self.tx, asked.session)?
                {
                    return Err(Code::Taken.into());
                }
                false
            }
        };
        let to = if again && request.access() == Access::Record {
            request.state
        } else {
            request.state.after_disclosure().ok_or(Code::MoveRefused)?
        };
        if !case.consent {
            return Err(Code::ConsentMissing.into());
        }
        if to != request.state {
            let carried = Carried {
                sealed: true,
                consent: case.consent,
                ..Carried::default()
            };
            moves::check(case.state, request.state, to, Side::Sender, carried).map_err(refused)?;
        }
        if let Some(pending) = &asked.pending {
            request.disclosure_pending = Some(pending_recipient(pending)?);
        } else if !again {
            if request.receiver.group().is_none() {
                return Err(Failure::detail(
                    Code::Malformed,
                    "the facility has no group yet: its record is given to a pending recipient",
                ));
            }
            request.disclosure_pending = None;
        }
        request.disclosure = Some((asked.session, asked.sealed));
        self.becomes(&mut request, &case, to, Side::Sender, None)?;
        self.write_to(&request.receiver, Notice::News)?;
        self.follow(&mut case, false)
    }

    /// Writes a request in its new state, with all that follows: the clock, the event, the ends of
    /// access, and what both sides are told.
    pub(crate) fn becomes(
        &self,
        request: &mut RequestRow,
        case: &CaseRow,
        to: RequestState,
        side: Side,
        sealed: Option<Id>,
    ) -> Result<(), Failure> {
        let from = request.state;
        request.state = to;
        self.answered(request, from)?;
        self.clock(request, case.state)?;
        request.version = request.version.saturating_add(1);
        request.updated = self.now;
        self.end_access(request)?;
        requests::update(self.tx, request)?;
        requests::happened(
            self.tx,
            request.id,
            &Happened {
                state: to,
                at: self.now,
                by: self.user.filter(|_| side != Side::System),
                side,
                sealed,
            },
        )?;
        self.tell(request)
    }

    /// With the first answer the time for an offer begins to count: so many opening hours more.
    fn answered(&self, request: &mut RequestRow, from: RequestState) -> Result<(), Failure> {
        use RequestState::{Disclosed, InReview, InfoNeeded, Interested, Sent, Viewed, Waitlisted};
        let first = matches!(from, Sent | Viewed | InReview | InfoNeeded)
            && matches!(request.state, Interested | Waitlisted)
            && !requests::events(self.tx, request.id)?
                .iter()
                .any(|event| matches!(event.state, Interested | Waitlisted | Disclosed));
        if first {
            let policy = policy(request.urgency, request.family);
            let more = policy.offer_minutes.saturating_sub(policy.answer_minutes);
            if let Some((_, facility)) = facilities::receiver(self.tx, &request.receiver)? {
                let hours = facility.public.hours;
                request.deadline = at(hours.after(ms(request.deadline), i64::from(more) * 60_000));
            }
        }
        Ok(())
    }

    /// Stops or starts the clock of a request.
    pub(crate) fn clock(&self, request: &mut RequestRow, case: CaseState) -> Result<(), Failure> {
        let stands = clock_stands(case, request.state);
        match request.paused_since {
            None if stands && !request.state.is_final() => request.paused_since = Some(self.now),
            Some(since) if !stands => {
                if let Some((_, facility)) = facilities::receiver(self.tx, &request.receiver)? {
                    request.deadline = at(resumed(
                        ms(request.deadline),
                        ms(since),
                        ms(self.now),
                        &facility.public.hours,
                    ));
                }
                request.paused_since = None;
            }
            _ => {}
        }
        Ok(())
    }

    /// Queues what the sender has to revoke once the receiver may read less than before.
    fn end_access(&self, request: &mut RequestRow) -> Result<(), Failure> {
        match request.state.access() {
            Access::Nothing => self.release(request)?,
            Access::Request => {
                if let Some((session, _)) = request.disclosure.take() {
                    self.revoke(request, session)?;
                }
            }
            Access::Record => {}
        }
        Ok(())
    }

    /// Ends all access of the receiver, for good.
    pub(crate) fn release(&self, request: &mut RequestRow) -> Result<(), Failure> {
        if request.released.is_some() {
            return Ok(());
        }
        request.released = Some(self.now);
        if let Some((session, _)) = request.disclosure {
            self.revoke(request, session)?;
        }
        self.revoke(request, request.session)
    }

    fn revoke(&self, request: &RequestRow, session: SessionId) -> Result<(), Failure> {
        let id = self.random.with(|rng| Id::draw(self.now, rng));
        if requests::revoke(self.tx, id, request, session, self.now)? {
            let names = (id, request.case, 1);
            feed::tell(self.tx, &request.sender, Kind::Revocation, names, self.now)?;
        }
        Ok(())
    }

    /// The sender's client has signed a revocation.
    pub(crate) fn revocation_done(&self, id: Id) -> Result<(), Failure> {
        let (found, facility) = requests::find_revocation(self.tx, id)?.ok_or(Code::NotFound)?;
        if found.done.is_none() {
            requests::revocation_done(self.tx, id, self.now)?;
            let names = (id, found.case, 2);
            feed::tell(self.tx, &facility, Kind::Revocation, names, self.now)?;
        }
        Ok(())
    }

    /// Tells the pages of both sides of a request.
    pub(crate) fn tell(&self, request: &RequestRow) -> Result<(), Failure> {
        let names = (request.id, request.case, request.version);
        feed::tell(self.tx, &request.sender, Kind::Request, names, self.now)?;
        self.tell_receiver(&request.receiver, names)
    }

    /// Tells the pages of the receiver, if anybody there has one.
    pub(crate) fn tell_receiver(
        &self,
        receiver: &Receiver,
        names: (Id, Id, u64),
    ) -> Result<(), Failure> {
        match receiver.group() {
            Some(group) => feed::tell(self.tx, &group, Kind::Request, names, self.now),
            None => Ok(()),
        }
    }

    /// Writes to a facility. One that is not registered hears only that something waits for it.
    pub(crate) fn write_to(&self, to: &Receiver, notice: Notice) -> Result<(), Failure> {
        match to {
            Receiver::Group(group) => feed::write_to(self.tx, group, notice, self.now),
            Receiver::Announced(identifier) if notice == Notice::NewRequest => {
                self.invite_facility(identifier, letters::Kind::Waiting)
            }
            Receiver::Announced(_) => Ok(()),
        }
    }

    /// Brings a case to what its requests make of it, and writes it if that or anything else is new.
    pub(crate) fn follow(&self, case: &mut CaseRow, changed: bool) -> Result<(), Failure> {
        let states = requests::of_case(self.tx, case.id)?;
        let state = case_after(case.state, states.iter().map(|request| request.state));
        if state == case.state && !changed {
            return Ok(());
        }
        case.state = state;
        case.version = case.version.saturating_add(1);
        case.updated = self.now;
        cases::update(self.tx, case)?;
        let names = (case.id, case.id, case.version);
        feed::tell(self.tx, &case.facility, Kind::Case, names, self.now)
    }

    /// One new request, as it is sent.
    pub(crate) fn ask(
        &self,
        case: &CaseRow,
        asked: &model::NewRequest,
        receiver: Receiver,
        facility: &Notified,
    ) -> Result<(), Failure> {
        let pending = asked
            .pending
            .as_deref()
            .map(pending_recipient)
            .transpose()?;
        if pending.is_none() && receiver.group().is_none() {
            return Err(Failure::detail(
                Code::Malformed,
                "the facility has no group yet: its request is given to a pending recipient",
            ));
        }
        if requests::find(self.tx, asked.id)?.is_some()
            || requests::uses_session(self.tx, asked.session)?
        {
            return Err(Code::Taken.into());
        }
        blobs::is_whole(self.tx, asked.sealed, &case.facility)?;
        let due = deadline(
            case.urgency,
            case.family,
            ms(self.now),
            &facility.public.hours,
        );
        let request = RequestRow {
            id: asked.id,
            case: case.id,
            sender: case.facility,
            receiver,
            state: RequestState::Sent,
            urgency: case.urgency,
            family: case.family,
            deadline: at(due),
            paused_since: None,
            session: asked.session,
            sealed: asked.sealed,
            reason_groups: String::new(),
            disclosure: None,
            entered_by_sender: false,
            released: None,
            pending,
            disclosure_pending: None,
            delivered: None,
            reminded: None,
            version: 1,
            created: self.now,
            updated: self.now,
        };
        requests::insert(self.tx, &request)?;
        let event = Happened {
            state: RequestState::Sent,
            at: self.now,
            by: self.user,
            side: Side::Sender,
            sealed: None,
        };
        requests::happened(self.tx, request.id, &event)?;
        self.write_to(&request.receiver, Notice::NewRequest)?;
        self.tell(&request)
    }
}

/// The text of a pending recipient: the server does nothing with it but keep it.
fn pending_recipient(text: &str) -> Result<String, Failure> {
    text.parse::<PendingId>()
        .map(|pending| pending.to_string())
        .map_err(|_| Failure::detail(Code::Malformed, "a pending recipient is like pnd_…"))
}

fn reasons(groups: &[String]) -> Result<Vec<ReasonGroup>, Failure> {
    let mut found = Vec::with_capacity(groups.len());
    for text in groups {
        let group = text
            .parse()
            .map_err(|_| Failure::detail(Code::Malformed, "there is no such group of reasons"))?;
        if !found.contains(&group) {
            found.push(group);
        }
    }
    Ok(found)
}

fn codes(reasons: &[ReasonGroup]) -> String {
    let codes: Vec<_> = reasons.iter().map(|group| group.code()).collect();
    codes.join(" ")
}
