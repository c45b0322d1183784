use gangway_core::event::OnboardingId;
use gangway_core::time::{Millis, Timestamp};

use super::{Breaker, Breakers, Health};
use crate::settings::outbound::BreakerSettings;

const SETTINGS: BreakerSettings = BreakerSettings {
    failures: 3,
    window: Millis::secs(60),
    rest: Millis::secs(5),
    max_rest: Millis::secs(15),
    probe: Millis::secs(30),
};

fn who(n: i64) -> OnboardingId {
    OnboardingId(uuid::Uuid::from_u128(u128::from(n.unsigned_abs())))
}

/// Plays `f` (failed), `w` (well), `b` (barred), `u` (unsaid), `?` (ask to be let through), `.` (a second passes).
/// The answer has `+` or `-` for each question.
fn play(script: &str) -> String {
    let (mut breaker, mut now, mut answers) = (Breaker::default(), Timestamp(0), String::new());
    for step in script.chars() {
        match step {
            'f' => breaker.failed(&SETTINGS, now, "down"),
            'w' => breaker.well(),
            'b' => breaker.bar(&SETTINGS, now, "refused"),
            'u' => breaker.unsaid(now),
            '.' => now = now.plus(Millis::secs(1)),
            '?' => answers.push(if breaker.admit(now).is_ok() { '+' } else { '-' }),
            other => panic!("{other}"),
        }
    }
    answers
}

#[test]
fn the_table_of_the_breaker_holds() {
    let minute = ".".repeat(61);
    let half = ".".repeat(29);
    let rows = [
        ("ff?", "+".to_owned()),
        ("fff?", "-".to_owned()),
        ("ffwff?", "+".to_owned()),
        (&*format!("ff{minute}f?"), "+".to_owned()),
        ("fff....?.?", "-+".to_owned()),
        ("fff.....???", "+--".to_owned()),
        ("fff.....?w??", "+++".to_owned()),
        ("fff.....?f?.....?.....?", "+--+".to_owned()),
        ("fff.....?f..........?f..............?.?", "++-+".to_owned()),
        ("fff.....?u??", "++-".to_owned()),
        ("fff.....?.....?", "++".to_owned()),
        ("fffff.....?", "+".to_owned()),
        ("b?", "-".to_owned()),
        (&*format!("b{half}?.?"), "-+".to_owned()),
        (&*format!("b{half}.?b{half}?.?"), "+-+".to_owned()),
        (&*format!("b{half}.?w??"), "+++".to_owned()),
    ];
    for (script, answers) in rows {
        assert_eq!(play(script), answers, "{script}");
    }
}

#[test]
fn a_failing_action_does_not_stop_the_other_actions_of_its_provider() {
    let breakers = Breakers::new(SETTINGS);
    for n in 0..3 {
        breakers.note("original", "original.create_user", who(n), &Health::Failing("502".to_owned()), Timestamp(0));
    }
    let resting = breakers.admit("original", "original.create_user", Timestamp(1)).unwrap_err();
    assert_eq!((resting.cause.as_str(), resting.until), ("502", Timestamp(5_000)));
    assert!(breakers.admit("original", "original.get_user", Timestamp(1)).is_ok());
    assert_eq!(breakers.snapshot().len(), 1);
}

#[test]
fn what_a_few_people_alone_meet_rests_nothing_for_the_others() {
    let breakers = Breakers::new(SETTINGS);
    let fails = |n, at| {
        breakers.note("original", "original.create_user", who(n), &Health::Failing("500".to_owned()), Timestamp(at))
    };
    assert!((0..9).all(|at| !fails(at % 2, at)), "the attempts of these two count");
    assert!(breakers.admit("original", "original.create_user", Timestamp(9)).is_ok(), "a third is let through");
    assert!(fails(2, 9) && fails(1, 10), "as many met it as make it rest");
    assert!(breakers.admit("original", "original.create_user", Timestamp(10)).is_err());
}

#[test]
fn one_person_whom_a_provider_denies_delays_nobody_however_often() {
    let breakers = Breakers::new(SETTINGS);
    let denied = Health::Denied("403".to_owned());
    for at in 0..9 {
        assert!(!breakers.note("haven", "haven.recover", who(at % 2), &denied, Timestamp(at)), "their attempts count");
        assert!(breakers.admit("haven", "haven.recover", Timestamp(at)).is_ok());
        assert!(breakers.admit("haven", "haven.get_wallet", Timestamp(at)).is_ok());
    }
    assert!(breakers.snapshot().is_empty());
}

#[test]
fn several_different_people_in_a_row_whom_a_provider_denies_prove_that_it_denies_us() {
    let breakers = Breakers::new(SETTINGS);
    let denied = |n| breakers.note("haven", "haven.recover", who(n), &Health::Denied("403".to_owned()), Timestamp(n));
    assert!(!denied(0) && !denied(1));
    breakers.note("haven", "haven.get_wallet", who(7), &Health::Well, Timestamp(1));
    assert!(!denied(2) && !denied(3), "an answer to anybody begins the row anew");
    assert!(denied(4), "the third in a row");
    let rest = breakers.admit("haven", "haven.get_wallet", Timestamp(5)).unwrap_err();
    assert_eq!((rest.cause.as_str(), rest.until), ("403", Timestamp(30_004)));
    assert!(denied(4), "a probe that is denied too: nobody's attempt is spent");
    breakers.note("haven", "haven.get_wallet", who(7), &Health::Well, Timestamp(31_000));
    assert!(breakers.snapshot().is_empty());
}

#[test]
fn a_look_up_that_is_answered_says_nothing_about_the_work() {
    let breakers = Breakers::new(SETTINGS);
    let (work, look_up) = ("original.create_user", "original.create_user.look_up");
    for n in 0..3 {
        let known = breakers.note("original", work, who(n), &Health::Failing("500".to_owned()), Timestamp(n));
        assert_eq!(known, n == 2, "from the third on every onboarding is known to meet it");
        assert!(!breakers.note("original", look_up, who(n), &Health::Well, Timestamp(n)));
    }
    assert!(breakers.admit("original", work, Timestamp(3)).is_err());
    assert!(breakers.admit("original", look_up, Timestamp(3)).is_ok(), "look-ups go on");
    breakers.note("original", look_up, who(0), &Health::Barred("401".to_owned()), Timestamp(4));
    assert!(breakers.admit("original", look_up, Timestamp(5)).is_err(), "refused is refused, whatever is asked");
}

#[test]
fn a_provider_that_refuses_us_rests_as_a_whole_and_one_probe_in_time_mends_it() {
    let breakers = Breakers::new(SETTINGS);
    breakers.note("original", "original.create_user", who(0), &Health::Barred("401".to_owned()), Timestamp(0));
    assert!(breakers.admit("original", "original.get_user", Timestamp(29_999)).is_err());
    assert!(breakers.admit("original", "original.get_user", Timestamp(30_000)).is_ok());
    assert!(breakers.admit("original", "original.create_user", Timestamp(30_000)).is_err(), "one probe is enough");
    breakers.note("original", "original.get_user", who(0), &Health::Well, Timestamp(30_100));
    assert!(breakers.admit("original", "original.create_user", Timestamp(30_100)).is_ok());
    assert!(breakers.snapshot().is_empty());
}
