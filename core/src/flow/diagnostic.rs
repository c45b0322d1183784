//! What can be wrong with a flow file, and how it is told: one report for each problem, in the order of the file,
//! rustc style, without colours and the same on every machine. Nothing of a user enters here, only the file's text.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Reports of one file that are written out; the rest is only counted.
const SHOWN_MAX: usize = 100;

/// Declares the codes of diagnostics.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// What kind of diagnostic it is. The code is stable: people search for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its stable code.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }
    };
}

codes! {
    /// The file is longer than a flow file may be.
    TooLarge = "F001",
    /// The text is not YAML within the limits of the format.
    Syntax = "F002",
    /// A key stands twice in one map.
    DuplicateKey = "F003",
    /// A value has another shape than its key needs.
    WrongShape = "F004",
    /// A key that must be there is not.
    MissingKey = "F005",
    /// A key that nothing reads.
    UnknownKey = "F006",
    /// A name with other characters than names have.
    BadName = "F007",
    /// A version that is not a whole number from 1.
    BadVersion = "F008",
    /// A length of time that cannot be read.
    BadDuration = "F009",
    /// A retry rule that contradicts itself.
    BadRetry = "F010",
    /// A state that does nothing.
    NoVerb = "F020",
    /// A state that does two things.
    ManyVerbs = "F021",
    /// A state that does something unheard of.
    UnknownVerb = "F022",
    /// An end that is not one of the possible ones.
    UnknownEnd = "F023",
    /// No provider offers this action.
    UnknownAction = "F030",
    /// The action has no such input.
    UnknownInput = "F031",
    /// The action needs an input that is not given.
    MissingInput = "F032",
    /// A secret input that an expression would fill.
    SecretInput = "F033",
    /// There is no such mail template.
    UnknownTemplate = "F034",
    /// The template uses a value that is not given.
    MissingValue = "F035",
    /// The template does not use this value.
    UnknownValue = "F036",
    /// The provider tells no such fact.
    UnknownFact = "F037",
    /// A flow begins with a provider's fact.
    StartFromProvider = "F038",
    /// A type of events by which only gangway itself speaks.
    ReservedType = "F039",
    /// An outcome that has no next state.
    ForgottenOutcome = "F040",
    /// An outcome that cannot happen.
    ForeignOutcome = "F041",
    /// The next state does not exist.
    UnknownTarget = "F042",
    /// No way leads to the state.
    Unreachable = "F043",
    /// No way leads from the state to an end.
    NoWayOut = "F044",
    /// The flow has no end at all.
    NoEnd = "F045",
    /// A wait without a limit.
    NoWithin = "F050",
    /// A wait for nothing.
    NothingAwaited = "F051",
    /// One wait names the same fact or event twice.
    AwaitedTwice = "F052",
    /// A poll that would change something at the provider.
    EffectfulPoll = "F053",
    /// A poll that settles a wait with an outcome that the wait does not have.
    PollOutcome = "F054",
    /// Times of a poll that make no sense.
    PollInterval = "F055",
    /// A choice without guards, or with one that cannot decide.
    BadGuard = "F056",
    /// A wait for the end of a flow that nothing starts.
    NotStarted = "F057",
    /// An expression that is not CEL.
    BadExpression = "F060",
    /// An expression beyond the limits.
    ExpressionTooBig = "F061",
    /// An expression calls what does not exist.
    UnknownFunction = "F062",
    /// An expression reads from what does not exist.
    UnknownRoot = "F063",
    /// An expression reads a secret.
    SecretRead = "F064",
    /// An expression reads a field that does not exist.
    UnknownPath = "F065",
    /// An expression reads everything instead of one field.
    TooWide = "F066",
    /// An expression reads what is not written on every way.
    NotWritten = "F067",
    /// An expression relies on what may be absent.
    MaybeAbsent = "F068",
    /// A secret that comes from nowhere, or is used where none may be.
    BadSecret = "F069",
    /// Two flows begin with the same event.
    SameStart = "F070",
    /// Two files are the same version of one flow.
    SameVersion = "F071",
    /// A known version of a flow, with other content.
    ChangedVersion = "F072",
    /// A flow that is started and is not among the files.
    UnknownFlow = "F073",
    /// A flow that starts itself, directly or through others.
    StartsItself = "F074",
    /// A definition of a provider says what cannot be.
    BadDefinition = "F080",
    /// A sample of a definition ends otherwise than it says.
    BadSample = "F081",
}

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code.
    pub code: Code,
    /// The offending piece, in bytes of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What stands under the offending piece.
    pub label: String,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// How to mend it.
    pub helps: Vec<String>,
}

impl Diagnostic {
    /// A diagnostic with this code, here.
    #[must_use]
    pub fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), label: String::new(), notes: Vec::new(), helps: Vec::new() }
    }

    /// Writes this under the offending piece.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds something worth knowing.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }

    /// Adds how to mend it, if that is known.
    #[must_use]
    pub fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// The report.
    fn rendered(&self, file: &str, text: &str) -> String {
        let (source, line, span) = excerpt(text, &self.span);
        let mark = AnnotationKind::Primary.span(span);
        let mark = if self.label.is_empty() { mark } else { mark.label(self.label.as_str()) };
        let snippet = Snippet::source(source).line_start(line).path(file).annotation(mark);
        let title = Level::ERROR.primary_title(self.message.as_str()).id(self.code.id());
        let report: &[Group<'_>] = &[title
            .element(snippet)
            .elements(self.notes.iter().map(|note| Level::NOTE.message(note.as_str())))
            .elements(self.helps.iter().map(|help| Level::HELP.message(help.as_str())))];
        Renderer::plain().decor_style(DecorStyle::Ascii).render(report)
    }
}

/// The one line of the text on which the span begins, its number from 1, and the span within it. Only that line is
/// given to the renderer: its work does not grow with the file.
fn excerpt<'a>(text: &'a str, span: &Range<usize>) -> (&'a str, usize, Range<usize>) {
    let start = floor(text, span.start);
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(line_start..).unwrap_or_default().split('\n').next().unwrap_or_default();
    let line = line.trim_end_matches('\r');
    let from = start.saturating_sub(line_start).min(line.len());
    let to = floor(line, span.end.saturating_sub(line_start)).max(from);
    (line, before.matches('\n').count() + 1, from..to)
}

/// The nearest boundary of a character at or before this byte.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0)
}

/// All problems of one load, rendered rustc style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    /// How many.
    pub count: usize,
    /// Each with file, line, column, cause and hint.
    pub rendered: String,
    /// The code of each, in the same order.
    pub codes: Vec<Code>,
}

impl Diagnostics {
    /// All problems of one file, in the order of the file.
    #[must_use]
    pub fn of(file: &str, text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.code));
        diagnostics.dedup();
        let mut reports: Vec<String> =
            diagnostics.iter().take(SHOWN_MAX).map(|diagnostic| diagnostic.rendered(file, text)).collect();
        if diagnostics.len() > SHOWN_MAX {
            reports.push(format!("{file}: {} more problems", diagnostics.len() - SHOWN_MAX));
        }
        let codes: Vec<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        Self { count: codes.len(), rendered: reports.join("\n\n") + "\n", codes }
    }

    /// The problems of several files as one.
    #[must_use]
    pub fn joined(several: Vec<Self>) -> Self {
        let rendered: Vec<String> = several.iter().map(|diagnostics| diagnostics.rendered.clone()).collect();
        let codes: Vec<Code> = several.into_iter().flat_map(|diagnostics| diagnostics.codes).collect();
        Self { count: codes.len(), rendered: rendered.join("\n"), codes }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered)
    }
}

impl std::error::Error for Diagnostics {}
