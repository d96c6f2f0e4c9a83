//! Both machines: who may do what, what a choice does, and that nothing leaves a final state.

#![expect(
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use transfer_rules::compete::{self, MAX_OPEN};
use transfer_rules::moves::{self, Carried};
use transfer_rules::state::Access;
use transfer_rules::{CaseState, Need, ReasonGroup, Refusal, RequestState, Side};

/// Everything that any move needs, from a side.
fn all_of(side: Side) -> Carried<'static> {
    let reasons: &[ReasonGroup] = match side {
        Side::Receiver => &[ReasonGroup::Capacity],
        // Both sides may give it: a sender passes it on by telephone, too.
        Side::Sender => &[ReasonGroup::Patient],
        Side::System => &[],
    };
    Carried {
        reasons,
        sealed: true,
        consent: true,
    }
}

fn check(from: RequestState, to: RequestState, side: Side) -> Result<moves::Move, Refusal> {
    moves::check(CaseState::Searching, from, to, side, all_of(side))
}

#[test]
fn the_story_of_one_request_that_wins() {
    use RequestState::*;
    let story = [
        (Draft, Sent, Side::Sender),
        (Sent, Viewed, Side::Receiver),
        (Viewed, Interested, Side::Receiver),
        (Interested, Disclosed, Side::Sender),
        (Disclosed, Offered, Side::Receiver),
        (Offered, Chosen, Side::Sender),
        (Chosen, InTransit, Side::Sender),
        (InTransit, Admitted, Side::Receiver),
    ];
    for (from, to, side) in story {
        assert!(check(from, to, side).is_ok(), "{from} to {to}");
        for other in Side::ALL.iter().filter(|other| **other != side) {
            // What the receiver says may be entered by the sender, marked as such; nothing else crosses over.
            match check(from, to, *other) {
                Ok(row) => assert!(row.telephone && *other == Side::Sender),
                Err(refused) => assert_eq!(refused, Refusal::NotYourSide),
            }
        }
    }
}

#[test]
fn each_side_writes_its_own_states() {
    for row in moves::all().filter(|row| !row.telephone) {
        let expected: &[Side] = match row.to {
            RequestState::Sent
            | RequestState::Disclosed
            | RequestState::Chosen
            | RequestState::InTransit
            | RequestState::Cancelled => &[Side::Sender],
            RequestState::NotSelected | RequestState::Expired => &[Side::System],
            // The sender gives the information that was asked for; all else is the receiver's.
            RequestState::InReview if row.from == RequestState::InfoNeeded => &[Side::Sender],
            _ => &[Side::Receiver],
        };
        assert_eq!(expected, [row.side], "{} to {}", row.from, row.to);
    }
}

#[test]
fn a_move_stands_once_in_the_table() {
    let mut seen = BTreeSet::new();
    for row in moves::all() {
        assert!(
            seen.insert((row.from, row.to, row.side)),
            "{} to {}",
            row.from,
            row.to
        );
    }
    let mut seen = BTreeSet::new();
    for row in moves::case_all() {
        assert!(
            seen.insert((row.from, row.to, row.side)),
            "{} to {}",
            row.from,
            row.to
        );
    }
}

#[test]
fn what_the_sender_enters_by_telephone_the_receiver_could_have_said() {
    for row in moves::all().filter(|row| row.telephone) {
        assert_eq!(row.side, Side::Sender);
        let said = moves::all().any(|own| {
            own.side == Side::Receiver && own.to == row.to && own.needs == row.needs
                // A facility outside of the platform has not opened the request.
                && (own.from == row.from || row.from == RequestState::Sent)
        });
        assert!(said, "{} to {}", row.from, row.to);
    }
}

#[test]
fn a_key_of_the_keyboard_means_one_move() {
    for state in RequestState::ALL {
        for side in Side::ALL {
            let keys: Vec<_> = moves::moves(*state, *side)
                .filter_map(|row| row.key)
                .collect();
            let distinct: BTreeSet<_> = keys.iter().collect();
            assert_eq!(distinct.len(), keys.len(), "{state} {side}");
            // Taken: moving through the list, and searching.
            assert!(
                keys.iter()
                    .all(|key| key.len() == 1 && !["j", "k", "/"].contains(key))
            );
        }
    }
}

#[test]
fn every_state_is_reached_and_left_unless_final() {
    for state in RequestState::ALL {
        let reached = *state == RequestState::Draft || moves::all().any(|row| row.to == *state);
        let left = moves::all().any(|row| row.from == *state);
        assert!(reached, "{state}");
        assert_eq!(left, !state.is_final(), "{state}");
    }
    for state in CaseState::ALL {
        let reached = *state == CaseState::Draft || moves::case_all().any(|row| row.to == *state);
        let left = moves::case_all().any(|row| row.from == *state);
        assert!(reached, "{state}");
        assert_eq!(left, !state.is_final(), "{state}");
    }
}

#[test]
fn each_need_is_asked_for() {
    for row in moves::all() {
        let case = CaseState::Searching;
        for need in row.needs {
            let mut carried = all_of(row.side);
            let refusal = match need {
                Need::Reasons => {
                    carried.reasons = &[];
                    Refusal::ReasonRequired
                }
                Need::Sealed => {
                    carried.sealed = false;
                    Refusal::SealedRequired
                }
                Need::Consent => {
                    carried.consent = false;
                    Refusal::ConsentRequired
                }
            };
            let refused = moves::check(case, row.from, row.to, row.side, carried);
            assert_eq!(refused, Err(refusal), "{} to {}", row.from, row.to);
        }
    }
    let needs = |to| moves::all().find(|row| row.to == to).unwrap().needs;
    assert!(needs(RequestState::Declined).contains(&Need::Reasons));
    assert!(needs(RequestState::OfferWithdrawn).contains(&Need::Reasons));
    assert!(needs(RequestState::Cancelled).contains(&Need::Reasons));
    assert!(needs(RequestState::Disclosed).contains(&Need::Consent));
    assert!(needs(RequestState::Offered).contains(&Need::Sealed));
}

#[test]
fn a_side_gives_its_own_reasons() {
    let with = |side, from, to, reasons: &'static [ReasonGroup]| {
        let carried = Carried {
            reasons,
            ..all_of(side)
        };
        moves::check(CaseState::Searching, from, to, side, carried).map(|row| row.to)
    };
    let (viewed, declined, cancelled) = (
        RequestState::Viewed,
        RequestState::Declined,
        RequestState::Cancelled,
    );
    assert_eq!(
        with(Side::Receiver, viewed, declined, &[ReasonGroup::Sender]),
        Err(Refusal::WrongReason)
    );
    assert_eq!(
        with(Side::Sender, viewed, cancelled, &[ReasonGroup::Capacity]),
        Err(Refusal::WrongReason)
    );
    assert_eq!(
        with(Side::Sender, viewed, cancelled, &[ReasonGroup::Sender]),
        Ok(cancelled)
    );
    // By telephone the sender passes on what the facility gave as its reason.
    assert_eq!(
        with(Side::Sender, viewed, declined, &[ReasonGroup::Capacity]),
        Ok(declined)
    );
}

#[test]
fn a_case_that_is_decided_asks_nobody() {
    for case in CaseState::ALL {
        let sent = moves::check(
            *case,
            RequestState::Draft,
            RequestState::Sent,
            Side::Sender,
            all_of(Side::Sender),
        );
        let again = moves::check(
            *case,
            RequestState::Declined,
            RequestState::InReview,
            Side::Receiver,
            all_of(Side::Receiver),
        );
        let more = compete::may_send(*case, [], 1);
        match case {
            CaseState::Draft | CaseState::Ready | CaseState::Searching | CaseState::Offers => {
                assert!(sent.is_ok() && again.is_ok() && more.is_ok(), "{case}");
            }
            CaseState::Closed | CaseState::Withdrawn | CaseState::Deceased | CaseState::Expired => {
                assert_eq!(sent, Err(Refusal::CaseOver));
                assert_eq!(again, Err(Refusal::CaseOver));
                assert_eq!(more, Err(Refusal::CaseOver));
            }
            _ => {
                assert_eq!(sent, Err(Refusal::CaseDecided), "{case}");
                assert_eq!(again, Err(Refusal::CaseDecided), "{case}");
                assert_eq!(more, Err(Refusal::CaseDecided), "{case}");
            }
        }
    }
}

#[test]
fn ten_requests_are_open_at_most() {
    let open = [RequestState::Viewed; MAX_OPEN];
    assert_eq!(
        compete::may_send(CaseState::Searching, open, 1),
        Err(Refusal::TooManyOpen)
    );
    let one_declined = open.into_iter().skip(1).chain([RequestState::Declined]);
    assert!(compete::may_send(CaseState::Searching, one_declined, 1).is_ok());
    assert_eq!(
        compete::may_send(CaseState::Ready, [], MAX_OPEN + 1),
        Err(Refusal::TooManyOpen)
    );
    assert!(compete::may_send(CaseState::Searching, [], usize::MAX).is_err());
}

#[test]
fn nothing_expires_while_the_clock_stands() {
    let expire = |case, from| {
        moves::check(
            case,
            from,
            RequestState::Expired,
            Side::System,
            Carried::default(),
        )
        .map(drop)
    };
    assert!(expire(CaseState::Searching, RequestState::Viewed).is_ok());
    assert_eq!(
        expire(CaseState::OnHold, RequestState::Viewed),
        Err(Refusal::ClockPaused)
    );
    assert_eq!(
        expire(CaseState::Searching, RequestState::InfoNeeded),
        Err(Refusal::NoSuchMove)
    );
}

#[test]
fn death_is_a_state_from_everywhere_before_admission() {
    for case in CaseState::ALL {
        let allowed = moves::check_case(*case, CaseState::Deceased, Side::Sender).is_ok();
        let before = !case.is_final() && *case != CaseState::Admitted;
        assert_eq!(allowed, before, "{case}");
        let receiver = moves::check_case(*case, CaseState::Deceased, Side::Receiver);
        assert!(receiver.is_err());
    }
}

#[test]
fn a_case_on_hold_resumes_where_its_requests_are() {
    assert!(moves::check_case(CaseState::Offers, CaseState::OnHold, Side::Sender).is_ok());
    let waiting = [RequestState::Offered, RequestState::Viewed];
    assert_eq!(
        compete::case_after(CaseState::OnHold, waiting),
        CaseState::OnHold
    );
    assert!(moves::check_case(CaseState::OnHold, CaseState::Searching, Side::Sender).is_ok());
    assert_eq!(
        compete::case_after(CaseState::Searching, waiting),
        CaseState::Offers
    );
    assert_eq!(
        compete::case_after(CaseState::Ready, [RequestState::Chosen]),
        CaseState::Chosen
    );
    assert_eq!(compete::case_after(CaseState::Ready, []), CaseState::Ready);
}

#[test]
fn the_case_follows_its_requests() {
    use RequestState::*;
    let after =
        |case, requests: &[RequestState]| compete::case_after(case, requests.iter().copied());
    assert_eq!(after(CaseState::Draft, &[Sent]), CaseState::Searching);
    assert_eq!(after(CaseState::Draft, &[Draft]), CaseState::Draft);
    assert_eq!(
        after(CaseState::Searching, &[Declined, Offered]),
        CaseState::Offers
    );
    assert_eq!(
        after(CaseState::Offers, &[Declined, OfferWithdrawn]),
        CaseState::Searching
    );
    assert_eq!(
        after(CaseState::Offers, &[NotSelected, Chosen]),
        CaseState::Chosen
    );
    assert_eq!(
        after(CaseState::Scheduled, &[NotSelected, Chosen]),
        CaseState::Scheduled
    );
    assert_eq!(
        after(CaseState::Scheduled, &[InTransit]),
        CaseState::Departed
    );
    assert_eq!(after(CaseState::Departed, &[Admitted]), CaseState::Admitted);
    // A place that falls through after the choice opens the search again.
    assert_eq!(
        after(CaseState::Chosen, &[NotSelected, OfferWithdrawn]),
        CaseState::Searching
    );
    assert_eq!(
        after(CaseState::Departed, &[NotArrived]),
        CaseState::Searching
    );
    for over in [
        CaseState::Closed,
        CaseState::Withdrawn,
        CaseState::Deceased,
        CaseState::Expired,
    ] {
        assert_eq!(after(over, &[Offered, Chosen]), over);
    }
}

#[test]
fn a_choice_releases_everybody_else() {
    let requests = [
        (1, RequestState::Offered),
        (2, RequestState::Viewed),
        (3, RequestState::Declined),
        (4, RequestState::Cancelled),
        (5, RequestState::Offered),
    ];
    let outcome = compete::choose(CaseState::Offers, &requests, 1).unwrap();
    assert_eq!(
        outcome.moves,
        [
            (1, RequestState::Chosen),
            (2, RequestState::NotSelected),
            (5, RequestState::NotSelected)
        ]
    );
    // A refusal stays a refusal, but what it could read is taken away; what was taken away is not taken twice.
    assert_eq!(outcome.release, [2, 3, 5]);
    let refused = |case, which| compete::choose(case, &requests, which).unwrap_err();
    assert_eq!(refused(CaseState::Offers, 2), Refusal::NoSuchMove);
    assert_eq!(refused(CaseState::Offers, 4), Refusal::FinalState);
    assert_eq!(refused(CaseState::Offers, 9), Refusal::NoSuchRequest);
    assert_eq!(refused(CaseState::Chosen, 1), Refusal::CaseDecided);
    assert_eq!(refused(CaseState::Withdrawn, 1), Refusal::CaseOver);
}

#[test]
fn the_end_of_a_case_cancels_what_runs_and_leaves_the_admitted() {
    let requests = [
        (1, RequestState::InTransit),
        (2, RequestState::Declined),
        (3, RequestState::Expired),
    ];
    let outcome = compete::end(&requests);
    assert_eq!(outcome.moves, [(1, RequestState::Cancelled)]);
    assert_eq!(outcome.release, [1, 2]);
    let outcome = compete::end(&[(1, RequestState::Admitted), (2, RequestState::NotSelected)]);
    assert!(outcome.moves.is_empty() && outcome.release.is_empty());
}

#[test]
fn access_ends_with_the_request() {
    for state in RequestState::ALL {
        let expected = match state {
            RequestState::Admitted => Access::Record,
            RequestState::Declined | RequestState::Sent | RequestState::Viewed => Access::Request,
            RequestState::Draft => Access::Nothing,
            state if state.is_final() => Access::Nothing,
            _ => Access::Record,
        };
        assert_eq!(state.access(), expected, "{state}");
    }
}

#[test]
fn a_disclosure_follows_interest_or_an_offer() {
    let after = |state: RequestState| state.after_disclosure();
    assert_eq!(
        after(RequestState::Interested),
        Some(RequestState::Disclosed)
    );
    assert_eq!(after(RequestState::Offered), Some(RequestState::Offered));
    assert_eq!(after(RequestState::Chosen), Some(RequestState::Chosen));
    for state in [
        RequestState::Sent,
        RequestState::Viewed,
        RequestState::Declined,
        RequestState::NotSelected,
        RequestState::Admitted,
    ] {
        assert_eq!(after(state), None, "{state}");
    }
}

#[test]
fn codes_and_refusals_travel_as_they_are_written() {
    for state in RequestState::ALL {
        assert_eq!(state.code().parse::<RequestState>(), Ok(*state));
        let written = serde_json::to_string(state).unwrap();
        assert_eq!(written, format!("\"{}\"", state.code()));
        assert_eq!(
            serde_json::from_str::<RequestState>(&written).unwrap(),
            *state
        );
    }
    assert!("nonsense".parse::<RequestState>().is_err());
    for refused in [
        Refusal::FinalState,
        Refusal::NotYourSide,
        Refusal::TooManyOpen,
        Refusal::WrongReason,
    ] {
        let written = serde_json::to_string(&refused).unwrap();
        assert_eq!(written, format!("\"{}\"", refused.code()));
    }
}

fn state() -> impl Strategy<Value = RequestState> {
    select(RequestState::ALL)
}

fn side() -> impl Strategy<Value = Side> {
    select(Side::ALL)
}

/// One step of a case with some requests, as a server would take it.
fn step(
    case: &mut CaseState,
    requests: &mut [(usize, RequestState)],
    which: usize,
    to: RequestState,
    side: Side,
) -> bool {
    let (id, from) = requests[which % requests.len()];
    if to == RequestState::Chosen && side == Side::Sender {
        let Ok(outcome) = compete::choose(*case, requests, id) else {
            return false;
        };
        for (id, state) in outcome.moves {
            requests[id].1 = state;
        }
    } else if moves::check(*case, from, to, side, all_of(side)).is_ok() {
        requests[id].1 = to;
    } else {
        return false;
    }
    *case = compete::case_after(*case, requests.iter().map(|(_, state)| *state));
    true
}

proptest! {
    /// Whatever is done in whatever order: final states stay, one request at most wins, and a case that has chosen has
    /// no other request open. Most tries are moves of the table, so that histories go deep; the rest is anything.
    #[test]
    fn any_history_keeps_the_rules(
        count in 1_usize..6,
        tries in prop::collection::vec((any::<usize>(), any::<usize>(), state(), side(), 0_u8..5), 0..120),
    ) {
        let mut case = CaseState::Ready;
        let mut requests: Vec<_> = (0..count).map(|id| (id, RequestState::Draft)).collect();
        for (which, pick, mut to, mut side, kind) in tries {
            let from = requests[which % count].1;
            let rows: Vec<_> = moves::all().filter(|row| row.from == from).collect();
            if kind > 0 && !rows.is_empty() {
                (to, side) = (rows[pick % rows.len()].to, rows[pick % rows.len()].side);
            }
            let before = (case, requests.clone());
            if !step(&mut case, &mut requests, which, to, side) {
                prop_assert_eq!(&before.1, &requests);
                continue;
            }
            for ((_, old), (_, new)) in before.1.iter().zip(&requests) {
                prop_assert!(!old.is_final() || old == new);
            }
            let winning = requests.iter().filter(|(_, state)| state.is_winning()).count();
            prop_assert!(winning <= 1);
            if winning == 1 {
                prop_assert!(requests.iter().all(|(_, state)| !state.is_open()));
                prop_assert!(!case.asks());
            }
            // What became of the case is a move of its table, or nothing happened to it.
            let moved = before.0 == case
                || moves::case_all().any(|row| row.from == before.0 && row.to == case && row.automatic);
            prop_assert!(moved, "{} to {}", before.0, case);
        }
    }

    /// `moves`, from which a page draws its buttons, and `check`, which the server asks, say the same.
    #[test]
    fn the_buttons_and_the_server_agree(from in state(), to in state(), side in side()) {
        let button = moves::moves(from, side).any(|row| row.to == to);
        prop_assert_eq!(button, check(from, to, side).is_ok());
    }

    #[test]
    fn choosing_leaves_none_open(states in prop::collection::vec(state(), 1..12), which in any::<usize>()) {
        let requests: Vec<_> = states.iter().copied().enumerate().collect();
        let which = which % requests.len();
        match compete::choose(CaseState::Offers, &requests, which) {
            Ok(outcome) => {
                prop_assert_eq!(requests[which].1, RequestState::Offered);
                let mut after = requests.clone();
                for (id, state) in outcome.moves {
                    after[id].1 = state;
                }
                prop_assert!(after.iter().all(|(_, state)| !state.is_open()));
                prop_assert_eq!(after[which].1, RequestState::Chosen);
                for (id, state) in &requests {
                    let lost = *id != which && *state != RequestState::Admitted && state.access() != Access::Nothing;
                    prop_assert_eq!(lost, outcome.release.contains(id));
                }
            }
            Err(_) => prop_assert_ne!(requests[which].1, RequestState::Offered),
        }
    }
}
