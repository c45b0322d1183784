//! How Guardian is set up: what its operator chooses, and where given text, source code and older pages differ.

use std::time::Duration;

/// How Guardian is set up. The defaults play what its source code does.
#[derive(Clone, Debug)]
pub struct GuardianOptions {
    /// User name of the standard registry that is there from the start.
    pub registry_username: String,
    /// Its password.
    pub registry_password: String,
    /// Whether logging in as that registry asks for a second factor.
    pub registry_otp: bool,
    /// Whether onboarding needs no token.
    pub demo: bool,
    /// How long an access token is good for.
    pub access_token_lifetime: Duration,
    /// Whether a login answers an `accessToken` too, as a newer page says.
    pub login_gives_access_token: bool,
    /// The shortest password that registration takes.
    pub password_length: usize,
    /// Whether a password must have an upper case letter, a lower case letter and a digit.
    pub password_mixed: bool,
    /// Whether body errors are 400 with one sentence, as the given text has them, instead of 422 with a list.
    pub given_statuses: bool,
    /// Whether errors are `{code, message}`, as in older revisions, instead of `{statusCode, message, error}`.
    pub older_error_shape: bool,
    /// The number of steps that a task announces; it differs between revisions.
    pub expectation: u32,
    /// From the start of a task to its end.
    pub task_delay: Duration,
    /// The duration for a user with the trap `-guardslow`.
    pub slow_task: Duration,
    /// From the end of a task until it belongs to the new user; meanwhile no user can read it.
    pub hand_over_delay: Duration,
    /// The id of a task that is there from the start and is no onboarding.
    pub other_task: String,
}

impl Default for GuardianOptions {
    fn default() -> Self {
        Self {
            registry_username: "sandbox_registry".to_owned(),
            registry_password: "Sandbox-Registry-1".to_owned(),
            registry_otp: false,
            demo: false,
            access_token_lifetime: Duration::from_secs(60),
            login_gives_access_token: false,
            password_length: 8,
            password_mixed: true,
            given_statuses: false,
            older_error_shape: false,
            expectation: 9,
            task_delay: Duration::from_millis(300),
            slow_task: Duration::from_secs(5),
            hand_over_delay: Duration::from_millis(50),
            other_task: "7a1e52c4-5d1b-4d5e-9a53-0f6a2b7c9d10".to_owned(),
        }
    }
}
