//! What happens on chain, later and by itself. A first use enters; a wallet, a minted asset and webhooks follow.
//!
//! "The wallet will be created asynchronously later on the first on-chain usage (mint or deposit)" (the given "Create
//! user"): without such a use no wallet ever comes. An asset asked for before waits for the wallet.

use std::sync::Arc;

use serde_json::json;

use super::sign::signature;
use super::store::User;
use super::{Original, ROLE, WebhookSigning, traps};
use crate::webhooks::deliver::send;
use crate::webhooks::{Sender, Telling, Way, Webhook};

/// The one network of the one app. Polygon's test network, as in the SDK's samples.
pub(crate) const NETWORK: &str = "Amoy";
pub(crate) const CHAIN_ID: u32 = 80002;
pub(crate) const EXPLORER: &str = "https://amoy.polygonscan.com";

/// How Original tells (docs/providers/original.md, 5.7). For success only, as documented.
impl Sender for Original {
    fn url(&self, _: &Way) -> Option<String> {
        self.webhook_url.lock().clone()
    }

    fn headers(&self, telling: &Telling<'_>) -> Vec<(&'static str, String)> {
        let signing = &self.options.webhook_signing;
        vec![
            ("x-app-uid", self.options.app_uid.clone()),
            ("x-webhook-correlation-id", telling.id.to_owned()),
            ("x-webhook-attempt", telling.attempt.to_string()),
            ("x-webhook-signature", signature(signing, self.stage.dice, telling.body, telling.forged)),
        ]
    }

    fn signed(&self) -> bool {
        !matches!(self.options.webhook_signing, WebhookSigning::None)
    }
}

/// Starts the wallet if there is none, then mints the asset if there is one to mint.
pub(crate) fn use_on_chain(original: &Arc<Original>, user_uid: &str, asset_uid: Option<&str>) {
    let Some(user) = original.store.user(user_uid) else { return };
    if user.name().contains(traps::NO_WALLET.word) {
        return;
    }
    let asset_uid = asset_uid.map(str::to_owned);
    let later = Arc::clone(original);
    original.stage.background(async move { settle(&later, user, asset_uid).await });
}

async fn settle(original: &Arc<Original>, user: User, asset_uid: Option<String>) {
    let options = &original.options;
    let store = &original.store;
    if user.wallet.is_none() {
        tokio::time::sleep(options.wallet_delay).await;
        // The first of several assets asked for at once opens the wallet.
        if store.open_wallet(&user.uid) {
            let data = json!({ "user": { "uid": user.uid } });
            tell(original, webhook(&user, None, &options.wallet_event, data));
        }
    }
    if let Some(asset_uid) = asset_uid {
        tokio::time::sleep(options.mint_delay).await;
        if store.mint(&asset_uid) {
            let data = json!({ "asset": { "uid": asset_uid } });
            tell(original, webhook(&user, Some(asset_uid), &options.minted_event, data));
        }
    }
}

fn tell(original: &Arc<Original>, webhook: Webhook) {
    let sender = Arc::clone(original);
    // Nothing waits for its end.
    drop(send(&original.stage, webhook, Way::plain(sender)));
}

fn webhook(user: &User, asset_uid: Option<String>, event: &str, data: serde_json::Value) -> Webhook {
    Webhook {
        provider: ROLE.name,
        event: event.to_owned(),
        user_uid: user.uid.clone(),
        external_id: user.external_id.clone(),
        asset_uid,
        body: json!({ "event": event, "data": data }),
        silent: user.name().contains(traps::SILENT.word),
    }
}
