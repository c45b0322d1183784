//! `actions`: input, request, outcomes and look-up.

use gangway_core::catalogue::Field;
use gangway_core::flow::check::Entries;
use gangway_core::flow::expr::Mapping;
use gangway_core::flow::parse::{Key, Node, Shape, Span};

use super::Reader;
use super::values::{Place, literal};
use super::{auth, rate, register, rules, spoken};
use crate::providers::generic::NOT_DONE;
use crate::providers::generic::model::{Action, Definition, Exchange, Pages, Piece, REGISTER, RequestSpec};

/// Reads them all into the definition.
pub(super) fn read(reader: &mut Reader<'_>, definition: &mut Definition, top: &Entries<'_>) {
    let Some((key, node)) = top.need(&mut reader.report, "actions") else { return };
    let Some(entries) = reader.report.entries(node, key.span.clone(), "`actions`") else { return };
    for (key, node) in &entries.entries {
        reader.is_name(&key.name, &key.span, "an action");
        if let Some(action) = one(reader, definition, key, node) {
            definition.actions.push((key.name.clone(), action));
        }
        reader.input.clear();
    }
}

fn one(reader: &mut Reader<'_>, definition: &mut Definition, key: &Key, node: &Node) -> Option<Action> {
    let what = format!("the action `{}`", key.name);
    let entries = reader.report.entries(node, key.span.clone(), what)?;
    let keys = ["about", "input", "request", "effectful", "rate", "burnt", "outcomes", "look_up"];
    entries.only(&mut reader.report, &[keys.as_slice(), &spoken::OF_ACTIONS].concat());
    entries.need(&mut reader.report, "about");
    let about = reader.text(&entries, "about");
    input(reader, &entries);
    let exchange = exchange(reader, definition, &entries, false);
    let is_read = exchange.as_ref().is_some_and(|exchange| exchange.request.method == "GET");
    let effectful = reader.truth(&entries, "effectful").unwrap_or(!is_read);
    let rate = rate::read(reader, &entries);
    let burnt = match entries.get("burnt") {
        Some((at, node)) => {
            let sent = exchange.as_ref().is_some_and(|exchange| exchange.request.sends_key());
            if !sent || !effectful {
                let help =
                    "send a key with a request that changes something: `headers: { Idempotency-Key: effect.key }`";
                reader.wrong(at.span.clone(), "no key can be burnt: the request sends none", help);
            }
            Some(reader.expr(node, &at.span, Place::Answer, "`burnt`")?)
        }
        None => None,
    };
    let look_up = match entries.get("look_up") {
        Some((key, node)) => {
            let inner = reader.report.entries(node, key.span.clone(), "`look_up`")?;
            inner.only(&mut reader.report, &["request", "outcomes", "pages"]);
            reader.paged = inner.get("pages").is_some();
            let look_up = exchange_of_look_up(reader, definition, &inner);
            reader.paged = false;
            look_up
        }
        None => None,
    };
    let (input, spoken) = (reader.input.clone(), spoken::action(reader, &entries));
    let action = Action { about: about?, input, effectful, exchange: exchange?, rate, burnt, look_up, spoken };
    settled(reader, key, &entries, &action);
    if key.name == REGISTER {
        register::check(reader, key, &action);
    }
    Some(action)
}

/// What a rule leaves to the look-up, the look-up must tell.
fn settled(reader: &mut Reader<'_>, key: &Key, entries: &Entries<'_>, action: &Action) {
    for rule in action.exchange.rules.iter().filter(|rule| rule.look_up) {
        let told = action.look_up.iter().flat_map(|look_up| &look_up.rules);
        if told.filter(|told| told.outcome == rule.outcome).count() == 0 {
            let what = format!("`{}` of `{}` is left to a look-up that never answers it", rule.outcome, key.name);
            reader.wrong(
                key.span.clone(),
                what,
                format!("add it below `look_up: {{ outcomes: {{ {}: … }} }}`", rule.outcome),
            );
        }
    }
    let Some(look_up) = &action.look_up else { return };
    let at = entries.get("look_up").map_or_else(|| key.span.clone(), |(key, _)| key.span.clone());
    if !action.effectful {
        reader.wrong(at.clone(), "a read needs no look-up", "leave `look_up` out");
    }
    if !look_up.rules.iter().any(|rule| rule.outcome == NOT_DONE) {
        let help = format!("add `{NOT_DONE}: {{ when: … }}`: only then is the work done again");
        reader.wrong(at, "the look-up never finds that it was not done", help);
    }
}

/// `input`: each `required`, `optional`, `secret` or `optional secret`.
fn input(reader: &mut Reader<'_>, entries: &Entries<'_>) {
    reader.input.clear();
    let Some((key, node)) = entries.get("input") else { return };
    let Some(fields) = reader.report.entries(node, key.span.clone(), "`input`") else { return };
    for (key, node) in &fields.entries {
        rules::plain(reader, &key.name, &key.span);
        let Some(said) = reader.report.text(node, &key.span, "an input") else { continue };
        let (required, secret) = match said {
            "required" => (true, false),
            "optional" => (false, false),
            "secret" => (true, true),
            "optional secret" => (false, true),
            other => {
                let help = "`required`, `optional`, `secret` or `optional secret`";
                reader.wrong(node.span.clone(), format!("an input cannot be `{other}`"), help);
                continue;
            }
        };
        reader.input.push(Field { name: key.name.clone(), required, secret });
    }
}

fn exchange_of_look_up(
    reader: &mut Reader<'_>,
    definition: &mut Definition,
    entries: &Entries<'_>,
) -> Option<Exchange> {
    let pages = match entries.get("pages") {
        Some((key, node)) => Some(pages(reader, key, node)?),
        None => None,
    };
    Some(Exchange { pages, ..exchange(reader, definition, entries, true)? })
}

/// `pages`: what leads to the next one, and how many are read.
fn pages(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<Pages> {
    /// One look-up must end well before its lease does.
    const MOST: u32 = 50;
    let entries = reader.report.entries(node, key.span.clone(), "`pages`")?;
    entries.only(&mut reader.report, &["next", "most"]);
    let (at, node) = entries.need(&mut reader.report, "next")?;
    let next = reader.expr(node, &at.span, Place::Answer, "`next`")?;
    let most = match entries.get("most") {
        Some((at, node)) => {
            let number = literal(node).as_u64().and_then(|most| u32::try_from(most).ok());
            let number = number.filter(|most| (2..=MOST).contains(most));
            if number.is_none() {
                let help = "a list that is longer needs a filter in the request";
                reader.wrong(at.span.clone(), format!("`most` is not a whole number from 2 to {MOST}"), help);
            }
            number?
        }
        None => 20,
    };
    Some(Pages { next, most })
}

fn exchange(
    reader: &mut Reader<'_>,
    definition: &mut Definition,
    entries: &Entries<'_>,
    in_look_up: bool,
) -> Option<Exchange> {
    let request = match entries.need(&mut reader.report, "request") {
        Some((key, node)) => request(reader, key, node),
        None => None,
    };
    let rules = rules::read(reader, definition, entries, in_look_up);
    Some(Exchange { request: request?, rules, pages: None })
}

fn request(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<RequestSpec> {
    let entries = reader.report.entries(node, key.span.clone(), "`request`")?;
    entries.only(&mut reader.report, &["method", "path", "query", "headers", "body", "form", "auth"]);
    let method = match entries.need(&mut reader.report, "method") {
        Some((key, node)) => method(reader, key, node),
        None => None,
    };
    let path = match entries.need(&mut reader.report, "path") {
        Some((key, node)) => path(reader, key, node),
        None => None,
    };
    let query = map(reader, &entries, "query");
    let headers = map(reader, &entries, "headers");
    for (key, _) in headers_of(reader, &entries) {
        auth::header(reader, key.name.clone(), &key.span);
    }
    let form = entries.get("form").is_some();
    if form && entries.get("body").is_some() {
        reader.wrong(
            key.span.clone(),
            "a request has `body` or `form`, not both",
            "`form` is a body written as a form",
        );
    }
    let body = if form { map(reader, &entries, "form") } else { reader.optional(&entries, "body", Place::HttpRequest) };
    let auth = reader.truth(&entries, "auth").unwrap_or(true);
    Some(RequestSpec { method: method?, path: path?, query, headers, body, form, auth })
}

fn headers_of<'n>(reader: &mut Reader<'_>, entries: &Entries<'n>) -> Vec<(&'n Key, &'n Node)> {
    let Some((key, node)) = entries.get("headers") else { return Vec::new() };
    if !matches!(node.shape, Shape::Map(_)) {
        return Vec::new();
    }
    reader.report.entries(node, key.span.clone(), "`headers`").map(|entries| entries.entries).unwrap_or_default()
}

/// A map of mappings; anything else is a problem.
fn map(reader: &mut Reader<'_>, entries: &Entries<'_>, name: &str) -> Option<Mapping> {
    let (key, node) = entries.get(name)?;
    if !matches!(node.shape, Shape::Map(_)) {
        reader.report.wrong_shape(node, &key.span, &format!("`{name}`"), "a map");
        return None;
    }
    reader.mapping(node, &key.span, Place::HttpRequest)
}

fn method(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<&'static str> {
    const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let text = reader.report.text(node, &key.span, "`method`")?;
    let found = METHODS.into_iter().find(|method| *method == text);
    if found.is_none() {
        reader.wrong(node.span.clone(), format!("`{text}` is not a method"), "GET, POST, PUT, PATCH or DELETE");
    }
    found
}

/// `/members/{input.member_id}`: segments of plain text and names.
fn path(reader: &mut Reader<'_>, key: &Key, node: &Node) -> Option<Vec<Vec<Piece>>> {
    let text = reader.report.text(node, &key.span, "`path`")?;
    let mut wrong = |what: &str, help: &str| {
        reader.wrong(node.span.clone(), format!("this path {what}"), help);
    };
    if !text.starts_with('/') {
        wrong("does not begin with a slash", "it is below `base_url`: `/members/{input.member_id}`");
        return None;
    }
    if text.contains(['?', '#']) {
        wrong("has a query", "parameters go below `query`");
        return None;
    }
    let mut path = Vec::new();
    for segment in text.split('/').filter(|segment| !segment.is_empty()) {
        path.push(pieces(reader, segment, &node.span)?);
    }
    Some(path)
}

fn pieces(reader: &mut Reader<'_>, segment: &str, at: &Span) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let named = after.split_once('}').and_then(|(name, after)| Some((name.split_once('.')?, after)));
        let Some(((root, name), after)) = named else {
            reader.wrong(
                at.clone(),
                "this path has a brace that names nothing",
                "write `{input.NAME}` or `{settings.NAME}`",
            );
            return None;
        };
        let known = match root {
            "input" => reader.input.iter().any(|field| field.name == name && !field.secret),
            "settings" => reader.settings.iter().any(|setting| setting.name == name && !setting.secret),
            _ => false,
        };
        if !known {
            let what = format!("this path names `{root}.{name}`, which is not there or is secret");
            reader.wrong(at.clone(), what, "it can name inputs and settings that are not secret");
        }
        pieces.push(Piece::Value(root.to_owned(), name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Some(pieces)
}
