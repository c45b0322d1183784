use super::*;
use crate::clock::SeededChance;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn ring() -> Keyring {
    Keyring::new(&HEX.into()).unwrap()
}

fn place(row: &[u8]) -> Place<'_> {
    Place { table: "users", row }
}

#[test]
fn a_blob_opens_in_its_own_row_and_in_no_other() {
    let chance = SeededChance::new(1);
    let key = ring().new_data_key(&chance);
    let sealed = key.seal(&chance, place(b"one"), b"secret").unwrap();
    assert_eq!(key.open(place(b"one"), &sealed).unwrap().as_slice(), b"secret");
    assert!(key.open(place(b"two"), &sealed).is_err());
    assert!(key.open(Place { table: "events", row: b"one" }, &sealed).is_err());
}

#[test]
fn a_blob_that_was_cut_or_changed_anywhere_does_not_open() {
    let chance = SeededChance::new(2);
    let key = ring().new_data_key(&chance);
    let sealed = key.seal(&chance, place(b"row"), b"secret").unwrap();
    for length in 0..sealed.len() {
        assert!(key.open(place(b"row"), &sealed[..length]).is_err(), "cut to {length}");
    }
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(key.open(place(b"row"), &changed).is_err(), "changed at {at}");
    }
}

#[test]
fn a_data_key_survives_being_wrapped_and_only_under_its_master_key() {
    let chance = SeededChance::new(3);
    let key = ring().new_data_key(&chance);
    let sealed = key.seal(&chance, place(b"row"), b"secret").unwrap();
    let again = ring().data_key(key.wrapped()).unwrap();
    assert_eq!(again.open(place(b"row"), &sealed).unwrap().as_slice(), b"secret");
    let other = Keyring::new(&Keyring::generate(&chance)).unwrap();
    assert!(other.data_key(key.wrapped()).is_err());
    assert!(other.new_data_key(&chance).open(place(b"row"), &sealed).is_err());
}

#[test]
fn equal_plaintexts_are_sealed_differently_each_time() {
    let chance = SeededChance::new(4);
    let key = ring().new_data_key(&chance);
    let seal = || key.seal(&chance, place(b"row"), b"secret").unwrap();
    assert_ne!(seal(), seal());
}

#[test]
fn hexadecimal_and_base64_of_the_same_bytes_are_the_same_master_key() {
    let base64 = STANDARD.encode(hex::decode(HEX).unwrap());
    for text in [base64.clone(), base64.trim_end_matches('=').into(), format!(" {base64}\n"), HEX.to_uppercase()] {
        let same = Keyring::new(&text.into()).unwrap();
        assert_eq!(same.dedupe("source", "key"), ring().dedupe("source", "key"));
    }
}

#[test]
fn a_wrong_master_key_is_explained_without_being_repeated() {
    for text in ["", "abcd", "not a key, at all!"] {
        let error = Keyring::new(&text.into()).unwrap_err();
        assert!(error.contains("32") || error.contains("base64"), "{error}");
        assert!(text.is_empty() || !error.contains(text), "{error}");
    }
}

#[test]
fn the_boundary_between_source_and_key_counts() {
    assert_ne!(ring().dedupe("ab", "c"), ring().dedupe("a", "bc"));
}

#[test]
fn the_canary_is_known_only_to_its_own_master_key() {
    let chance = SeededChance::new(5);
    let canary = ring().canary(&chance).unwrap();
    assert!(ring().knows(&canary));
    assert!(!Keyring::new(&Keyring::generate(&chance)).unwrap().knows(&canary));
}

#[test]
fn debug_output_shows_nothing_of_a_key() {
    let key = ring().new_data_key(&SeededChance::new(6));
    assert_eq!(format!("{key:?} {:?}", ring()), "DataKey(…) Keyring(…)");
}
