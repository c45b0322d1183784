//! `gangway sandbox`: the providers and a mailbox, played.

use clap::Args;

use crate::terminal::{Exit, Failure};

const TRAPS: &str = "\
Words that make one thing go wrong for one user only, and where each provider looks for them:

Original (external id, or e-mail address):
  -exists             the user exists already at the first POST /user, with another e-mail address
  -refused            every POST /user is answered 400 validation_error
  -down               every POST /user is answered 500, 502 or 503
  -lost               the first POST /user is done, its reply lost
  -undone             the first POST /user is lost before anything is done
  -slow               the first POST /user is cut off and lands a moment later
  -assetlost          the first POST /asset of the user is done, its reply lost
  -nowallet           the wallet never comes, so no asset is minted and no webhook sent
  -silent             wallet and asset come, but no webhook is sent: only a poll finds them

DIDx (external identifier, user name, e-mail address):
  -didxexists         the user exists already at the first POST /users: 201 with an empty tempPassword
  -didxconflict       every POST /users is answered 409
  -didxrefused        every POST /users is answered 400 VALIDATION_ERROR
  -didxlost           the first POST /users is done, its reply lost
  -didxundone         the first POST /users is lost before anything is done
  -didxhtml           the first POST /users is answered 502 with an HTML page, and not done
  -didxthrottled      the first POST /users is answered 429 with Retry-After: 1, and not done
  -didxtoken          the token that came with the first POST /users, and that with the first offer, is refused with 401 for this user, as often as it comes
  -didxcredlost       the first issuance is done, its reply lost
  -didxofferlost      the first offer is sent, its reply lost
  -didxearly          the user accepts at once, and the webhook is taken before the offer is answered
  -didxlate           webhooks come late after the event: a poll is quicker
  -didxsilent         no webhook is sent: only a poll finds the state
  -didxtwice          each webhook comes twice, with the same webhook-id
  -didxfailed         the issuance ends failed
  -didxexpired        the issuance ends expired
  -didxpartly         the issuance ends partiallyIssued

Guardian (user name):
  -guardtaken         the user name is somebody else's: 409, and the password does not log in
  -guardfailed        the task fails before anything is made
  -guardorphan        the task fails after the Hedera account was made: the user name is free, a repetition pays for a second account
  -guardrace          somebody else registers the name meanwhile: the task fails with already taken
  -guardhalf          the task fails after the user was registered: no DID, and a repetition is 409
  -guardlostdone      the task is lost; the user is registered and gets its DID
  -guardlosthalf      the task is lost; the user is registered, but never gets a DID
  -guardlostundone    the task is lost before anything is made
  -guardreplylost     the first onboarding is started, its reply lost
  -guardreplyundone   the first onboarding is lost before anything is done
  -guardslow          the task takes slow_task
  -guardempty         the whole task is empty for its owner the first three times
  -guardtoken         the token that came with the first onboarding, and that with the first read of the whole task, is refused with 401 for this user, as often as it comes
  -guardpassword      the user is registered with another password: the final login is 401

walt.id (e-mail address):
  -wexists            the account exists already at the first registration, with another name and password
  -wslow              the account is made at once, the first registration's reply hangs for slow_reply
  -wlost              the first registration is done, its reply lost
  -wundone            the first registration is lost before anything is done
  -wrole              the first role assignment is answered 500 and not done
  -wforbidden         every registration is answered 403

Haven (external id, e-mail address):
  -hexists            the user is registered already, with wallets, when the registration is to be completed: 401
  -hexpired           the first temporary token has run out when it is given; that of the next start is good
  -hlost              the first completion is done, its reply lost
  -hundone            the first completion is lost before anything is done
  -hlate              wallets are Inactive in the reply, and become Active later, with a webhook
  -hearly             the webhooks are delivered before the reply goes out
  -hagain             the first delivery of each webhook counts as failed though it was accepted: it comes again, with a new id
  -hmissed            as -hlate, but no webhook ever arrives: the events are there to be read back, as failed
  -hnever             wallets are Inactive and stay so, also when they are to be activated by a call
  -htoken             the service account's token is refused once, in the middle of the first signing
  -happroval          the completion is answered 202 and done a moment later

E-mail addresses that begin with bounce are refused for good, with later for now; with mailcut, the mail is taken and the \
last reply lost, once.";

/// Plays the providers and a mailbox, to develop and test against
///
/// Answers as the real providers do, sends their webhooks, and takes mail; nothing is kept once it stops. Prints where
/// each provider is, and the keys for its settings: original=, didx=, guardian=, waltid=, haven= and what belongs to them,
/// then mailbox= and smtp=. For counting: GET /mailbox/messages?to= lists mails, GET /_calls?external_id= what the far end
/// received, GET /_calls/summary sums, GET /_secrets every secret that was received or handed out.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = TRAPS)]
pub(super) struct Sandbox {
    /// Port of the providers' API; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    port: u16,
    /// Port of the mailbox's SMTP; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8025)]
    smtp_port: u16,
    /// Where webhooks go: gangway's address with path and secret, such as http://127.0.0.1:8080/webhooks/original/SECRET;
    /// with {provider} in it, those of DIDx and Haven too
    #[arg(long, value_name = "URL")]
    webhook_url: Option<String>,
    /// Seed of ids and mischief; the same seed plays the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What goes wrong and how often: `all`, or such as `delay=0.1,duplicate=0.1,lost_done=0.05`
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "all")]
    mischief: Option<String>,
}

impl Sandbox {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let Self { port, smtp_port, webhook_url, seed, mischief } = self;
        crate::app::sandbox(crate::app::SandboxOptions { port, smtp_port, webhook_url, seed, mischief }).await
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_tells_every_trap() {
        for word in gangway_sandbox::traps::all() {
            assert!(super::TRAPS.contains(&format!("  {word} ")), "{word}");
        }
    }
}
