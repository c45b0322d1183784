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
    for _ in 0..3 {
        breakers.note("original", "original.create_user", who(0), &Health::Failing("502".to_owned()), Timestamp(0));
    }
    let resting = breakers.admit("original", "original.create_user", Timestamp(1)).unwrap_err();
    assert_eq!((resting.cause.as_str(), resting.until), ("502", Timestamp(5_000)));
    assert!(breakers.admit("original", "original.get_user", Timestamp(1)).is_ok());
    assert_eq!(breakers.snapshot().len(), 1);
}

#[test]
fn what_a_few_people_alone_meet_is_no_outage() {
    let breakers = Breakers::new(SETTINGS);
    let fails = |n, at| {
        breakers.note("original", "original.create_user", who(n), &Health::Failing("500".to_owned()), Timestamp(at))
    };
    assert!((0..9).all(|at| !fails(at % 2, at)), "it rests, and the attempts of these two count");
    assert!(breakers.admit("original", "original.create_user", Timestamp(9)).is_err());
    assert!(fails(2, 9) && fails(1, 10), "as many met it as let it rest");
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
