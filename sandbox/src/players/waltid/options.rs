//! How walt.id is set up: what an operator would choose, and what its documentation leaves open.

use std::time::Duration;

/// How walt.id is set up. Every default works without any setting of its own.
#[derive(Clone, Debug)]
pub struct WaltidOptions {
    /// The administrator's e-mail address, for a login.
    pub admin_email: String,
    /// The administrator's password, for a login.
    pub admin_password: String,
    /// An API key that may do what the administrator may, as a Bearer.
    pub api_key: String,
    /// What a right login is answered.
    pub login: WaltidLogin,
    /// How long a token of a login is good; 7 days in the sample configuration.
    pub token_lifetime: Duration,
    /// What a second registration of an e-mail address is answered; not documented.
    pub duplicate: WaltidDuplicate,
    /// Whether the feature `account-registration` is on, so that the open route is there.
    pub open_registration: bool,
    /// Whether the open route answers with the account, like the protected one; the given text shows no body for it.
    pub open_answer_has_body: bool,
    /// The one organisation that there is.
    pub organisation: String,
    /// How long the reply of the trap `-wslow` hangs after the account was made; longer than a client's time-out.
    pub slow_reply: Duration,
}

impl Default for WaltidOptions {
    fn default() -> Self {
        Self {
            admin_email: "superadmin@sandbox.example".to_owned(),
            admin_password: "sandbox-superadmin-password".to_owned(),
            api_key: "sandbox-waltid-api-key".to_owned(),
            login: WaltidLogin::Token,
            token_lifetime: Duration::from_secs(7 * 24 * 3600),
            duplicate: WaltidDuplicate::Conflict,
            open_registration: true,
            open_answer_has_body: true,
            organisation: "sandbox".to_owned(),
            slow_reply: Duration::from_secs(20),
        }
    }
}

/// What a right login is answered, always with 200.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaltidLogin {
    /// `status` is `OK`, and there is a token.
    #[default]
    Token,
    /// The token stands in `accessToken`, as the vendor's quickstart expects it too.
    AccessToken,
    /// The token stands in `data.token`, as the vendor's quickstart expects it too.
    DataToken,
    /// `status` is `CONTINUE_NEXT_STEP`, with a next method and no token.
    NextStep,
    /// `status` is `CONTINUE_NEXT_FLOW`, with a next method and no token.
    NextFlow,
}

/// What a second registration of an e-mail address is answered. All three are covered by what the vendor's own
/// quickstart takes for a duplicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaltidDuplicate {
    /// 409.
    #[default]
    Conflict,
    /// 400 with the words "already exists".
    AlreadyExists,
    /// 500 with the word "Duplicate", as plain text.
    DuplicateText,
}
