//! Small rules of the format that several parts of the checker share: names, lengths of time, suggestions.

use crate::time::Millis;

/// Longest name.
const NAME_MAX: usize = 64;
/// Longest length of time: ten years. Longer is a slip of the pen, and arithmetic on it might overflow.
const LONGEST: u64 = 10 * 366 * 86_400_000;

/// Whether this can name a flow, a state, an outcome or a person to ask: a lower-case letter, then lower-case
/// letters, digits, `_` and `-`.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

/// Whether this can be the type of an event: letters, digits, `.`, `_` and `-`, no empty piece between dots.
#[must_use]
pub fn is_event_type(text: &str) -> bool {
    text.len() <= 2 * NAME_MAX
        && text.split('.').all(|piece| !piece.is_empty())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-')
}

/// Reads `90s`, `5m`, `24h`, `7d`, `250ms`; nothing shorter than a millisecond or longer than ten years.
#[must_use]
pub fn duration(text: &str) -> Option<Millis> {
    Millis::parse(text).filter(|millis| (1..=LONGEST).contains(&millis.0))
}

/// ``did you mean `x`?`` for the known name that is closest, if one is close.
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, known).map(|name| format!("did you mean `{name}`?"))
}

/// The known word that is closest, if one is close: of three letters one may be wrong, and two that were swapped count
/// as one. The first of those that are equally close.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.is_empty() || wrong.len() > 2 * NAME_MAX {
        return None;
    }
    let near = (wrong.chars().count() / 3).max(1);
    let known = known.into_iter().filter(|word| word.len() <= 2 * NAME_MAX);
    let ranked = known.map(|word| (strsim::osa_distance(wrong, word), word));
    ranked.min_by_key(|(far, _)| *far).filter(|(far, _)| *far <= near).map(|(_, word)| word)
}

/// How to read a key with a hyphen in its name, when this unknown name is the rest of one: `data.time-zone` takes `zone`
/// away from `data.time`.
#[must_use]
pub fn hyphenated(source: &str, name: &str) -> Option<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let found = source.match_indices(name).find_map(|(at, _)| {
        let (before, after) = (source.get(..at)?, source.get(at..)?);
        let whole = !after.get(name.len()..)?.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let joined = before.strip_suffix('-')?.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (whole && joined).then_some((before, after))
    });
    let (before, after) = found?;
    let start = before.rfind(|c| !part(c)).map_or(before, |at| before.get(at..).unwrap_or_default());
    let start = start.trim_start_matches(|c| !part(c));
    let end = after.split(|c| !part(c) || c == '.').next().unwrap_or_default();
    let (above, begun) = start.rsplit_once('.')?;
    (!above.is_empty()).then(|| format!("a key with a hyphen is written in brackets: {above}[\"{begun}{end}\"]"))
}

/// Names as people list them: `a`, `b` and `c`.
#[must_use]
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{did_you_mean, duration, hyphenated, is_event_type, is_name, listed, nearest};
    use crate::time::Millis;

    #[test]
    fn a_key_with_a_hyphen_is_recognised_by_what_is_left_of_it() {
        let rows = [
            ("data.time-zone", "zone", Some("data[\"time-zone\"]")),
            ("body.user.x-time-zone == 'a'", "time", Some("body.user[\"x-time-zone\"]")),
            ("has(data.time-zone.name)", "zone", Some("data[\"time-zone\"]")),
            ("body.time - zone", "zone", None),
            ("zone", "zone", None),
            ("status-code", "code", None),
        ];
        for (source, name, written) in rows {
            let hint = hyphenated(source, name);
            assert_eq!(hint.as_deref().map(|hint| hint.rsplit_once(": ").unwrap().1), written, "{source}");
        }
    }

    #[test]
    fn a_length_of_time_is_a_whole_number_and_a_unit() {
        let read: Vec<_> = ["250ms", "90s", "5m", "24h", "7d"].map(duration).into();
        assert_eq!(read, [250, 90_000, 300_000, 86_400_000, 604_800_000].map(|ms| Some(Millis(ms))));
        for wrong in ["", "5", "s", "0s", "-1s", "1.5h", "1 h", "1w", "99999999999999999999d", "4000d", "1h30m"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_begins_with_a_small_letter_and_has_no_spaces() {
        assert!(["a", "create_user", "original-wallet", "step2"].iter().all(|name| is_name(name)));
        assert!(["", "2step", "Create", "a b", "a.b", "ä"].iter().all(|name| !is_name(name)));
        assert!(["user.signed_up", "x"].iter().all(|name| is_event_type(name)));
        assert!(["", ".", "a..b", "a.", "a b"].iter().all(|name| !is_event_type(name)));
    }

    #[test]
    fn a_suggestion_is_made_only_when_a_name_is_close() {
        let known = ["create_user", "create_asset", "get_user"];
        assert_eq!(did_you_mean("craete_user", known).as_deref(), Some("did you mean `create_user`?"));
        assert_eq!(did_you_mean("delete", known), None);
        assert_eq!(
            (nearest("clal", ["call"]), nearest("", ["a"]), nearest("kitten", ["sitting"])),
            (Some("call"), None, None)
        );
        assert_eq!((nearest("lisetn", ["url", "listen"]), nearest("colour", ["url"])), (Some("listen"), None));
    }

    #[test]
    fn names_are_listed_as_people_do() {
        assert_eq!(
            (listed([]), listed(["a"]), listed(["a", "b", "c"])),
            ("none".into(), "`a`".into(), "`a`, `b` and `c`".into())
        );
    }
}
