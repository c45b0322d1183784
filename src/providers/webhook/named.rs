//! Published signature rules by name, written out as the keys of `hmac`. Source of the rules: the vendors' pages on
//! verifying webhooks; each is held to a published or worked example in `inbound/signature/vectors.rs`.

use std::borrow::Cow;

use super::{Encoding, KeyForm, TimestampForm, Verify, WebhookSettings};

/// What a named rule says; everything else of it is the same for all of them.
struct Rule {
    header: &'static str,
    prefix: &'static str,
    field: &'static str,
    signed: &'static str,
    timestamp: &'static str,
}

impl Verify {
    const fn rule(self) -> Option<Rule> {
        match self {
            Self::Stripe => Some(Rule {
                header: "stripe-signature",
                prefix: "",
                field: "v1",
                signed: "{timestamp}.{body}",
                timestamp: "field:t",
            }),
            Self::Github => Some(Rule {
                header: "x-hub-signature-256",
                prefix: "sha256=",
                field: "",
                signed: "{body}",
                timestamp: "",
            }),
            Self::Dfns => Some(Rule {
                header: "x-dfns-webhook-signature",
                prefix: "sha256=",
                field: "",
                signed: "{body}",
                timestamp: "body:/timestampSent",
            }),
            _ => None,
        }
    }
}

impl WebhookSettings {
    /// These settings with a rule of a name written out as `hmac`; all others as they are.
    #[must_use]
    pub fn written_out(&self) -> Cow<'_, Self> {
        let Some(rule) = self.verify.rule() else { return Cow::Borrowed(self) };
        Cow::Owned(Self {
            verify: Verify::Hmac,
            secrets: self.secrets.clone(),
            registered: self.registered,
            header: rule.header.to_owned(),
            prefix: rule.prefix.to_owned(),
            field: rule.field.to_owned(),
            signed: rule.signed.to_owned(),
            encoding: Encoding::Hex,
            key: KeyForm::Text,
            timestamp: rule.timestamp.to_owned(),
            timestamp_form: TimestampForm::Seconds,
            id_header: self.id_header.clone(),
            tolerance: self.tolerance,
        })
    }

    /// A key that is given although the named rule says it: a rule that is half another one verifies nothing.
    pub(super) fn key_beside_rule(&self) -> Option<&'static str> {
        self.verify.rule()?;
        let given = [
            ("header", !self.header.is_empty()),
            ("prefix", !self.prefix.is_empty()),
            ("field", !self.field.is_empty()),
            ("timestamp", !self.timestamp.is_empty()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(key, _)| key)
    }
}
