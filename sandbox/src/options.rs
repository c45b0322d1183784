//! What a sandbox is started with. Every default works on a developer's machine without any setting.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::didx::DidxOptions;
use crate::guardian::GuardianOptions;
use crate::haven::HavenOptions;
use crate::mischief::Mischief;
use crate::waltid::WaltidOptions;

/// How a sandbox is started. The default listens on free ports of the loopback interface and behaves well.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Original, the mailbox's list and the lists for counting are served; port 0 takes a free one.
    pub http: SocketAddr,
    /// Where the mailbox receives; port 0 takes a free one.
    pub smtp: SocketAddr,
    /// Where Original posts its webhooks. A URL without a path gets `/webhooks/original`. None: nothing is posted.
    pub webhook_url: Option<String>,
    /// The same seed gives the same uids, wallets and mischief.
    pub seed: u64,
    /// What goes wrong, and how often.
    pub mischief: Mischief,
    /// How Original is set up.
    pub original: OriginalOptions,
    /// How DIDx is set up.
    pub didx: DidxOptions,
    /// How Guardian is set up.
    pub guardian: GuardianOptions,
    /// How walt.id is set up.
    pub waltid: WaltidOptions,
    /// How Haven is set up.
    pub haven: HavenOptions,
    /// How much is kept, and how long things take.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            smtp: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: None,
            seed: 1,
            mischief: Mischief::none(),
            original: OriginalOptions::default(),
            didx: DidxOptions::default(),
            guardian: GuardianOptions::default(),
            waltid: WaltidOptions::default(),
            haven: HavenOptions::default(),
            limits: Limits::default(),
        }
    }
}

/// How Original is set up: what an operator would choose in its console, and what its documentation leaves open.
#[derive(Clone, Debug)]
pub struct OriginalOptions {
    /// The value wanted in `X-API-KEY`.
    pub api_key: String,
    /// The secret under which callers sign their token.
    pub api_secret: String,
    /// The value of `x-app-uid` on webhooks.
    pub app_uid: String,
    /// What stands in `x-webhook-signature`.
    pub webhook_signing: WebhookSigning,
    /// From the first on-chain use to the wallet.
    pub wallet_delay: Duration,
    /// From the wallet to the minted asset.
    pub mint_delay: Duration,
    /// The name of the event "Wallet created", which no public source gives.
    pub wallet_event: String,
    /// The name of the event of a minted asset.
    pub minted_event: String,
    /// Whether a user is shown in the older shape: one `wallet_address`, null at first, instead of `wallets`.
    pub older_user_shape: bool,
    /// Whether reading deposit details counts as the first on-chain use; undocumented.
    pub deposit_starts_wallet: bool,
    /// Whether a second asset with the same external id for one user is refused; undocumented.
    pub refuse_asset_twice: bool,
    /// Calls allowed a minute; the real amount is undocumented.
    pub rate_limit: u32,
}

impl Default for OriginalOptions {
    fn default() -> Self {
        Self {
            api_key: "sandbox-key".to_owned(),
            api_secret: "sandbox-secret-of-thirty-two-characters".to_owned(),
            app_uid: "281374650912".to_owned(),
            webhook_signing: WebhookSigning::None,
            wallet_delay: Duration::from_millis(300),
            mint_delay: Duration::from_millis(50),
            wallet_event: "wallet.created".to_owned(),
            minted_event: "asset.minted".to_owned(),
            older_user_shape: false,
            deposit_starts_wallet: false,
            refuse_asset_twice: false,
            rate_limit: 1_000_000,
        }
    }
}

/// What stands in `x-webhook-signature`. How Original really signs is not published.
#[derive(Clone, Debug, Default)]
pub enum WebhookSigning {
    /// A value of the documented shape, `key-xxxx,signature-xxxxxx-xxxxxxxx`, that nobody can verify.
    #[default]
    None,
    /// HMAC-SHA256 over the raw body in lower-case hexadecimal digits, after a prefix.
    Hmac {
        /// The key, taken as text.
        secret: String,
        /// What stands before the digits, such as `sha256=`.
        prefix: String,
    },
}

/// How much is kept, and how long things take when they go wrong.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Users and assets, each; beyond it Original answers 503.
    pub records: usize,
    /// Calls and webhooks listed, each; beyond it the oldest are forgotten.
    pub listed: usize,
    /// Messages kept; beyond it the oldest are forgotten.
    pub messages: usize,
    /// Bytes of messages kept; beyond it the oldest are forgotten.
    pub message_bytes: usize,
    /// The largest message taken, announced as SIZE.
    pub message_size: usize,
    /// The longest `delay` of a call or a webhook; each waits between a tenth of it and all of it.
    pub delay: Duration,
    /// From the cut of the connection until the work of a `slow_done` lands.
    pub slow: Duration,
    /// The longest that a `reorder` holds a webhook back.
    pub reorder: Duration,
    /// Tries of one webhook.
    pub webhook_tries: u32,
    /// Before the second try; doubled before each further one, up to five seconds.
    pub webhook_backoff: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 1_000_000,
            listed: 1_000_000,
            messages: 200_000,
            message_bytes: 512 * 1024 * 1024,
            message_size: 10 * 1024 * 1024,
            delay: Duration::from_millis(500),
            slow: Duration::from_millis(300),
            reorder: Duration::from_secs(1),
            webhook_tries: 30,
            webhook_backoff: Duration::from_millis(200),
        }
    }
}
