//! How Original is set up: what an operator would choose in its console, and what its documentation leaves open.

use std::time::Duration;

/// How Original is set up: what an operator would choose in its console, and what its documentation leaves open.
#[derive(Clone, Debug)]
pub struct OriginalOptions {
    /// The value wanted in `X-API-KEY`.
    pub api_key: String,
    /// The secret under which callers sign their token.
    pub api_secret: String,
    /// The value of `x-app-uid` on webhooks.
    pub app_uid: String,
    /// Where webhooks go. A URL without a path gets `/webhooks/original`. None: nothing is posted.
    pub webhook_url: Option<String>,
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
            webhook_url: None,
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
    /// A value of the documented shape, `key-xxxx,signature-xxxxxx-xxxxxxxx`, that cannot be verified.
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
