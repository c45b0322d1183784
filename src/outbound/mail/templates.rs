//! Mail templates: subject, text and HTML for each language. Compiled in; a folder beside may replace or add some.
//! Undefined names are errors, HTML is escaped, a subject is one line. Broken templates are found at start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gangway_core::catalogue::TemplateSpec;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;

use crate::providers::registry::{self, ShippedTemplate, shipped_templates};
use crate::settings::text;

/// The parts of a template, by the end of their file names.
const PARTS: [&str; 3] = ["subject.txt", "txt", "html"];

/// What is compiled in for no one provider: name, language, parts.
const OWN: &[ShippedTemplate] = shipped_templates! {
    "member-welcome": "de", "en";
    "welcome": "de", "en";
};

/// Everything that is compiled in.
fn shipped() -> impl Iterator<Item = &'static ShippedTemplate> {
    OWN.iter().chain(registry::BUILT_IN.iter().flat_map(|row| row.templates))
}

/// All templates.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    locales: BTreeMap<String, BTreeSet<String>>,
    default_locale: String,
}

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Templates {
    /// The shipped templates, and those of a folder `NAME/LOCALE.{subject.txt,txt,html}` over them.
    ///
    /// # Errors
    /// Every template that does not parse or lacks a part, one line each.
    pub fn load(folder: Option<&Path>, default_locale: &str) -> Result<Self, Vec<String>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let default_locale = default_locale.to_owned();
        let mut templates = Self { environment, locales: BTreeMap::new(), default_locale };
        let mut wrong = Vec::new();
        for (name, locale, parts) in shipped() {
            templates.add(name, locale, &parts.map(str::to_owned), &mut wrong);
        }
        for (name, locale) in folder.map(|folder| found(folder, &mut wrong)).unwrap_or_default() {
            let read = |part: &str| {
                let file = folder.unwrap_or(Path::new("")).join(&name).join(format!("{locale}.{part}"));
                std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", text::name(&file)))
            };
            match PARTS.map(read) {
                [Ok(subject), Ok(text), Ok(html)] => templates.add(&name, &locale, &[subject, text, html], &mut wrong),
                parts => wrong.extend(parts.into_iter().filter_map(Result::err)),
            }
        }
        for (name, locales) in &templates.locales {
            if !locales.contains(&templates.default_locale) {
                wrong.push(format!("template {name} is not there in the language of mail.default_locale"));
            }
        }
        if wrong.is_empty() { Ok(templates) } else { Err(wrong) }
    }

    fn add(&mut self, name: &str, locale: &str, parts: &[String; 3], wrong: &mut Vec<String>) {
        for (part, source) in PARTS.into_iter().zip(parts) {
            if let Err(error) = self.environment.add_template_owned(file(name, locale, part), source.clone()) {
                wrong.push(format!("template {}: {error}", file(name, locale, part)));
            }
        }
        self.locales.entry(name.to_owned()).or_default().insert(locale.to_owned());
    }

    /// For the catalogue: the names each template uses beyond `user`, and its languages.
    #[must_use]
    pub fn specs(&self) -> BTreeMap<String, TemplateSpec> {
        let spec = |(name, locales): (&String, &BTreeSet<String>)| {
            let mut values = BTreeSet::new();
            for (locale, part) in locales.iter().flat_map(|locale| PARTS.map(|part| (locale, part))) {
                if let Ok(template) = self.environment.get_template(&file(name, locale, part)) {
                    values.extend(template.undeclared_variables(false));
                }
            }
            let built_in = |value: &String| self.environment.globals().any(|(global, _)| global == value);
            values.retain(|value| value != "user" && !built_in(value));
            let locales = locales.iter().cloned().collect();
            (name.clone(), TemplateSpec { values: values.into_iter().collect(), locales })
        };
        self.locales.iter().map(spec).collect()
    }

    /// A mail's words in the best language: `de-AT`, else `de`, else the default.
    ///
    /// # Errors
    /// What is missing, without any value.
    pub fn render(&self, name: &str, locale: Option<&str>, values: &Value) -> Result<Rendered, String> {
        let locales = self.locales.get(name).ok_or_else(|| format!("there is no mail template `{name}`"))?;
        let locale = best(locales, locale).unwrap_or(&self.default_locale);
        let [subject, text, html] = PARTS.map(|part| self.part(name, locale, part, values));
        let subject = subject?.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rendered { subject, text: text?, html: html? })
    }

    fn part(&self, name: &str, locale: &str, part: &str, values: &Value) -> Result<String, String> {
        let template = self.environment.get_template(&file(name, locale, part));
        template.and_then(|template| template.render(Serde(values))).map_err(|error| {
            // Never the error's own text: it may quote a value.
            let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
            format!("template {}{line}: {}", file(name, locale, part), error.kind())
        })
    }
}

fn file(name: &str, locale: &str, part: &str) -> String {
    format!("{name}/{locale}.{part}")
}

/// The longest known language that the wish begins with; `_` and capitals make no difference.
fn best<'a>(known: &'a BTreeSet<String>, wish: Option<&str>) -> Option<&'a str> {
    let wish = wish?.replace('_', "-").to_lowercase();
    let mut wish = wish.as_str();
    loop {
        if let Some(found) = known.iter().find(|locale| locale.to_lowercase() == wish) {
            return Some(found);
        }
        wish = wish.rsplit_once('-')?.0;
    }
}

/// Name and language of every subject in the folder.
fn found(folder: &Path, wrong: &mut Vec<String>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let list = |path: &Path| -> std::io::Result<Vec<std::fs::DirEntry>> { std::fs::read_dir(path)?.collect() };
    let names = list(folder).unwrap_or_else(|error| {
        wrong.push(format!("{}: {error}", text::name(folder)));
        Vec::new()
    });
    for name in names.into_iter().filter(|entry| entry.path().is_dir()) {
        for file in list(&name.path()).unwrap_or_default() {
            let file = file.file_name().to_string_lossy().into_owned();
            if let Some(locale) = file.strip_suffix(".subject.txt") {
                found.push((name.file_name().to_string_lossy().into_owned(), locale.to_owned()));
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::{Rendered, Templates, shipped};
    use serde_json::{Value, json};

    fn load() -> Templates {
        Templates::load(None, "en").unwrap()
    }

    fn welcome(locale: Option<&str>, values: &Value) -> Result<Rendered, String> {
        load().render("welcome", locale, values)
    }

    fn sample() -> Value {
        serde_json::from_str(include_str!("../../../templates/mail/welcome/sample.json")).unwrap()
    }

    #[test]
    fn every_shipped_template_renders_its_sample_in_every_language() {
        for (name, locale, _) in shipped() {
            let file = format!("{}/templates/mail/{name}/sample.json", env!("CARGO_MANIFEST_DIR"));
            let sample: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
            let mail = load().render(name, Some(locale), &sample).unwrap();
            assert!(!mail.subject.is_empty());
            for text in sample.as_object().unwrap().values().filter_map(Value::as_str) {
                let escaped = text.replace('&', "&amp;").replace('/', "&#x2f;");
                assert!(mail.text.contains(text) && mail.html.contains(&escaped), "{name} {locale}: {text}");
            }
        }
    }

    #[test]
    fn the_language_falls_back_from_region_to_language_to_default() {
        let subject = |locale| welcome(locale, &sample()).unwrap().subject;
        let rows = [
            (Some("de-AT"), 'I'),
            (Some("de_CH"), 'I'),
            (Some("DE"), 'I'),
            (Some("en-GB"), 'Y'),
            (Some("fr"), 'Y'),
            (None, 'Y'),
        ];
        for (locale, first) in rows {
            assert!(subject(locale).starts_with(first), "{locale:?}: {}", subject(locale));
        }
    }

    #[test]
    fn a_missing_value_is_an_error_that_quotes_no_value() {
        let error = welcome(None, &json!({"user": {"email": "ada@example.com"}})).unwrap_err();
        assert!(error.contains("welcome/en.txt") && error.contains("undefined"), "{error}");
        assert!(!error.contains("ada"), "{error}");
        assert!(load().render("welcom", None, &sample()).is_err());
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        let mail = welcome(None, &json!({"user": {"email": "a@b"}, "wallet_address": "<b>&"})).unwrap();
        assert!(mail.html.contains("&lt;b&gt;&amp;") && mail.text.contains("<b>&"));
    }

    #[test]
    fn the_catalogue_learns_names_and_languages() {
        let specs = load().specs();
        assert_eq!(specs["welcome"].values, ["wallet_address"]);
        assert_eq!(specs["welcome"].locales, ["de", "en"]);
    }

    #[test]
    fn a_folder_adds_and_replaces_and_everything_wrong_in_it_is_told_at_once() {
        let folder = std::env::temp_dir().join(format!("gangway-templates-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (part, text) in [("subject.txt", "Two\nlines of {{ user.email }}"), ("txt", "t"), ("html", "h")] {
            write(&format!("welcome/en.{part}"), text);
        }
        let mail = Templates::load(Some(&folder), "en").unwrap().render("welcome", None, &sample()).unwrap();
        assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Two lines of ada@example.com", "t"));
        write("late/fr.subject.txt", "{% if %}");
        write("late/fr.txt", "t");
        let wrong = Templates::load(Some(&folder), "en").unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(wrong.iter().any(|line| line.contains("fr.html")), "{wrong:?}");
    }
}
