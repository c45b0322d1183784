//! How Haven is set up: what an operator would choose, what its documentation leaves open, and a key pair for tests.

use std::time::Duration;

/// How Haven is set up. Every default works without any setting of its own; a client then signs with
/// [`HavenOptions::PRIVATE_KEY`] under [`HavenOptions::credential_id`].
#[derive(Clone, Debug)]
pub struct HavenOptions {
    /// The service account's token, as a Bearer.
    pub service_token: String,
    /// The id of the credential that the service account's key is.
    pub credential_id: String,
    /// The public half of that key, PEM (`BEGIN PUBLIC KEY`): Ed25519, ECDSA over P-256 with SHA-256, or RSA of 2048
    /// bits with SHA-256.
    pub public_key: String,
    /// The organisation.
    pub org_id: String,
    /// The relying party of passkeys: a host name. Empty: a challenge names none, which is allowed.
    pub rp_id: String,
    /// Whether `…/delegated/restart` is there, as it was in 2024.
    pub restart: bool,
    /// How long challenge and temporary token of a registration are good; not documented.
    pub registration_lifetime: Duration,
    /// How long a challenge and a user action are good; not documented.
    pub action_lifetime: Duration,
    /// The registration code that is good for everyone.
    pub registration_code: String,
    /// A registration code that ran out.
    pub expired_code: String,
    /// What `custodial` says of every wallet. The given answer shows true; nothing follows from it.
    pub custodial: bool,
    /// Networks with wallets that come without an address and inactive, until a call activates them.
    pub inactive_networks: Vec<String>,
    /// From a registration to the webhooks of its wallets.
    pub event_delay: Duration,
    /// From a registration to the activation of a wallet that was not active at once (traps).
    pub activation_delay: Duration,
    /// From a 202 to the registration itself.
    pub approval_delay: Duration,
    /// Where every event goes besides the registered webhooks. A URL without a path gets `/webhooks/haven`.
    pub webhook_url: Option<String>,
    /// The secret under which what goes there is signed.
    pub webhook_secret: String,
    /// Deliveries of one event, the first included; the documented number is 5.
    pub webhook_tries: u32,
}

impl HavenOptions {
    /// The private half of the default key (Ed25519), for a client's settings. It opens nothing but this sandbox.
    pub const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGzBV5sHqFBGH3buWHmJcHFNcX21YXF2iXtTIIze5HAY
-----END PRIVATE KEY-----
";
    /// The public half of the default key.
    pub const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAsl92iFwrxQyf1nlleZ0ATWCzP0L10tpwSk4qHzX7SZY=
-----END PUBLIC KEY-----
";
    /// The private half of a P-256 key, for a client that signs with ECDSA.
    pub const P256_PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6UVFvT9sRhciHlBR
3e8DmdHKh6z6gdTzpX0RkzAuFbOhRANCAASEKJs+amzldH1g7SmOZGBPj7TQS3tt
lC6vSR3wJfD7rktipAwLHC92NnFUY37VzFbAbZhC/4WM0ZShlc9AWH8C
-----END PRIVATE KEY-----
";
    /// The public half of that P-256 key, to be set as [`HavenOptions::public_key`].
    pub const P256_PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhCibPmps5XR9YO0pjmRgT4+00Et7
bZQur0kd8CXw+65LYqQMCxwvdjZxVGN+1cxWwG2YQv+FjNGUoZXPQFh/Ag==
-----END PUBLIC KEY-----
";
}

impl Default for HavenOptions {
    fn default() -> Self {
        Self {
            service_token: "sandbox-haven-service-token".to_owned(),
            credential_id: "Y3ItNmI1OWMtc2FuZGJveC1zZXJ2aWNl".to_owned(),
            public_key: Self::PUBLIC_KEY.to_owned(),
            org_id: "or-5nd8x-g4ngw-sandbox000000000".to_owned(),
            rp_id: "sandbox.example".to_owned(),
            restart: false,
            registration_lifetime: Duration::from_secs(15 * 60),
            action_lifetime: Duration::from_secs(5 * 60),
            registration_code: "sandbox-code".to_owned(),
            expired_code: "sandbox-code-of-yesterday".to_owned(),
            custodial: true,
            inactive_networks: Vec::new(),
            event_delay: Duration::from_millis(50),
            activation_delay: Duration::from_millis(300),
            approval_delay: Duration::from_millis(300),
            webhook_url: None,
            webhook_secret: "whs-sandbox-secret-of-haven".to_owned(),
            webhook_tries: 5,
        }
    }
}
