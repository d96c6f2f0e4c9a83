//! Codes to addresses that senders confirmed.

use super::*;

#[test]
fn a_code_is_tried_three_times_and_belongs_to_who_asked() {
    let mut scene = Scene::new(14);
    let pending = scene.awaits("dora", Policy::Verified);
    let (dora, emil) = (scene.world.person("dora"), scene.world.person("emil"));
    let caller = scene.world.caller(&emil);
    let service = &scene.world.service;
    for member in [emil.member(), dora.member()] {
        let refused = service.start_escrow_code(&caller, &caller.tenant, &member, &pending);
        assert_eq!(refused, Err(DomainError::NotFound));
    }
    let (attempt, code) = scene.code(&dora, pending);
    // Another's attempt is none, and costs no try.
    for _ in 0..5 {
        let refused = scene.enter(&emil, attempt, &code);
        assert_eq!(refused, Err(DomainError::CodeExpired));
    }
    for malformed in ["", "1234", "123456789", "abcdefgh"] {
        let refused = scene.enter(&dora, attempt, malformed);
        assert!(matches!(refused, Err(DomainError::Malformed(_))));
    }
    for left in [2, 1, 0] {
        let refused = scene.enter(&dora, attempt, &wrong(&code));
        assert_eq!(refused, Err(DomainError::CodeRefused { left }));
    }
    assert_eq!(
        scene.enter(&dora, attempt, &code),
        Err(DomainError::CodeExpired)
    );
    // Ten minutes, and not after; and not twice.
    let (attempt, code) = scene.code(&dora, pending);
    scene.pass(10 * 60_000);
    assert_eq!(
        scene.enter(&dora, attempt, &code),
        Err(DomainError::CodeExpired)
    );
    let (attempt, code) = scene.code(&dora, pending);
    assert_eq!(scene.enter(&dora, attempt, &code), Ok(1));
    assert_eq!(
        scene.enter(&dora, attempt, &code),
        Err(DomainError::CodeExpired)
    );
    // Five a day, counted over restarts.
    scene.code(&dora, pending);
    scene.world = scene.world.restart();
    scene.code(&dora, pending);
    let caller = scene.world.caller(&dora);
    let service = &scene.world.service;
    let refused = service.start_escrow_code(&caller, &caller.tenant, &dora.member(), &pending);
    assert!(matches!(refused, Err(DomainError::TooManyAttempts { .. })));
    assert!(scene.world.post.take().is_empty());
}

#[test]
fn a_code_counts_for_a_day_and_for_what_is_sent_to_the_same_address() {
    let mut scene = Scene::new(15);
    let first = scene.awaits("dora", Policy::Verified);
    let second = scene.awaits("dora", Policy::Verified);
    let dora = scene.world.person("dora");
    let (attempt, code) = scene.code(&dora, first);
    assert_eq!(scene.enter(&dora, attempt, &code), Ok(2));
    assert!(scene.release(&dora, second).is_ok());
    scene.pass(COUNTS_FOR);
    scene.world.town.now = Timestamp::from_millis(scene.world.town.now.millis() + COUNTS_FOR);
    let third = scene.awaits("dora", Policy::Verified);
    assert_eq!(
        scene.release(&dora, third),
        Err(ReleaseRefusal::CodeRequired)
    );
}
