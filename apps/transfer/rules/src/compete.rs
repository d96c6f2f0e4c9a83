//! Several facilities are asked, one is chosen: what that does to the others, and to the case.

use serde::Serialize;

use crate::moves::{self, Carried, Refusal, Side};
use crate::state::{Access, CaseState, RequestState};

/// How many requests of one case may be open at once, so that facilities are not flooded.
pub const MAX_OPEN: usize = 10;

/// What happens to the requests of a case, all in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome<Id> {
    /// Requests with their new states. Those that are not named keep theirs.
    pub moves: Vec<(Id, RequestState)>,
    /// Requests whose facility loses what it could read: everything that was sealed for it is to be revoked. Facilities
    /// that declined are among them: they kept the request only in order to think again.
    pub release: Vec<Id>,
}

/// Whether more facilities may be asked: the case must ask, and never have more than [`MAX_OPEN`] requests open.
///
/// # Errors
/// Which of the two it is not.
pub fn may_send(
    case: CaseState,
    requests: impl IntoIterator<Item = RequestState>,
    new: usize,
) -> Result<(), Refusal> {
    if case.is_final() {
        return Err(Refusal::CaseOver);
    }
    if !case.asks() {
        return Err(Refusal::CaseDecided);
    }
    let open = requests.into_iter().filter(|state| state.is_open()).count();
    if open.saturating_add(new) > MAX_OPEN {
        return Err(Refusal::TooManyOpen);
    }
    Ok(())
}

/// Chooses one offer: it becomes `chosen`, every other open request `not_selected`.
///
/// # Errors
/// When the case does not ask any more, does not have the request, or the request holds no offer.
pub fn choose<Id: Copy + Eq>(
    case: CaseState,
    requests: &[(Id, RequestState)],
    which: Id,
) -> Result<Outcome<Id>, Refusal> {
    let (_, state) = requests
        .iter()
        .find(|(id, _)| *id == which)
        .ok_or(Refusal::NoSuchRequest)?;
    moves::check(
        case,
        *state,
        RequestState::Chosen,
        Side::Sender,
        Carried::default(),
    )?;
    let others = requests.iter().filter(|(id, _)| *id != which);
    let mut outcome = leave(others, RequestState::NotSelected);
    outcome.moves.insert(0, (which, RequestState::Chosen));
    Ok(outcome)
}

/// What the end of a case (`withdrawn`, `deceased`, `expired`, `closed`) does to its requests: what is not over is
/// cancelled, and every facility but the one that admitted the patient loses what it could read.
#[must_use]
pub fn end<Id: Copy + Eq>(requests: &[(Id, RequestState)]) -> Outcome<Id> {
    leave(requests.iter(), RequestState::Cancelled)
}

fn leave<'a, Id: Copy + 'a>(
    requests: impl Iterator<Item = &'a (Id, RequestState)>,
    to: RequestState,
) -> Outcome<Id> {
    let mut outcome = Outcome {
        moves: Vec::new(),
        release: Vec::new(),
    };
    for (id, state) in requests {
        if !state.is_final() && *state != RequestState::Declined {
            outcome.moves.push((*id, to));
        }
        if *state != RequestState::Admitted && state.access() != Access::Nothing {
            outcome.release.push(*id);
        }
    }
    outcome
}

/// What the requests make of a case. To be asked after every change of either.
///
/// Cases on hold and cases that are over stay what they are; so do those that nobody was asked for.
#[must_use]
pub fn case_after(case: CaseState, requests: impl IntoIterator<Item = RequestState>) -> CaseState {
    if case.is_final() || case == CaseState::OnHold {
        return case;
    }
    let (mut asked, mut offered, mut chosen, mut departed, mut admitted) = Default::default();
    for state in requests {
        asked |= state != RequestState::Draft;
        offered |= state == RequestState::Offered;
        chosen |= state == RequestState::Chosen;
        departed |= state == RequestState::InTransit;
        admitted |= state == RequestState::Admitted;
    }
    if admitted {
        CaseState::Admitted
    } else if departed {
        CaseState::Departed
    } else if chosen && case == CaseState::Scheduled {
        CaseState::Scheduled
    } else if chosen {
        CaseState::Chosen
    } else if offered {
        CaseState::Offers
    } else if asked {
        CaseState::Searching
    } else {
        case
    }
}
