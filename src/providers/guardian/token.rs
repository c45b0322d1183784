//! Access tokens: the registry's own, got once for everyone, and a new user's, got for one conversation. A login gives
//! a refresh token, which is exchanged for them. The registry's is kept in memory and exchanged again; a user's is not
//! kept. Source: docs/providers/guardian.md, "Token".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gangway_core::time::{Millis, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::calls::Desk;
use super::calls::login::{Login, Session};
use super::error::{Body, body};
use crate::providers::complaint::Refusal;
use crate::providers::parts::text;
use crate::providers::{Far, HttpRequest, Stop, Token};

/// Name of the only token that is kept.
pub const REGISTRY: &str = "registry";

/// What to check when the registry cannot log in.
const KEYS: &str = "providers.guardian.username and registry_password";

/// The registry's token: for the refresh token that is kept, else for that of a login. A login makes the user's older
/// refresh token worthless, so there is one only where the exchange is refused.
pub async fn get(desk: &Desk, far: &dyn Far) -> Result<Token, Stop> {
    let settings = &desk.settings;
    let (Some(username), Some(password)) = (&settings.username, &settings.registry_password) else {
        return Err(Stop::Barred(format!("there is no Standard Registry to log in as; set {KEYS}")));
    };
    let kept = desk.refresh.lock().clone();
    if let Some(refresh) = kept
        && let Some(value) = desk.exchange(far, &refresh).await?
    {
        return Ok(good_for(desk, value, far.now()));
    }
    let session = match desk.log_in(far, username, password.expose_secret()).await? {
        Login::In(session) => session,
        Login::SecondFactor => {
            let cause = "the registry's login asks for a second factor, which gangway cannot give; switch it off for \
                         providers.guardian.username, or use an account without it";
            return Err(Stop::Barred(cause.to_owned()));
        }
        Login::Unknown(_) => {
            return Err(Stop::Barred(format!("Guardian refuses the registry's login (401); check {KEYS}")));
        }
        Login::Refused(status, _) => {
            return Err(Stop::Barred(format!("Guardian does not take the registry's login ({status}); check {KEYS}")));
        }
    };
    let is_there = |token: &&SecretString| !token.expose_secret().is_empty();
    *desk.refresh.lock() = Some(&session.refresh).filter(is_there).cloned();
    let value = desk.access(far, session).await?;
    Ok(good_for(desk, value, far.now()))
}

/// The token, for as long as it lives less the margin; one that lives hardly longer than that, for half its time.
fn good_for(desk: &Desk, value: SecretString, now: Timestamp) -> Token {
    let settings = &desk.settings.token;
    let lifetime = told(value.expose_secret(), now).unwrap_or(settings.lifetime);
    let good_for = Millis(lifetime.0.saturating_sub(settings.margin.0).max(lifetime.0 / 2));
    Token { value, good_for: Some(good_for) }
}

impl Desk {
    /// The access token of a login, which some Guardians give at once and others for the refresh token. That one is
    /// seconds old: if it is refused, somebody else has logged in meanwhile, and it passes.
    pub(super) async fn access(&self, far: &dyn Far, session: Session) -> Result<SecretString, Stop> {
        if let Some(access) = session.access {
            return Ok(access);
        }
        let access = self.exchange(far, &session.refresh).await?;
        access.ok_or_else(|| Stop::away("a new refresh token was not exchanged (401)"))
    }

    /// `POST /accounts/access-token`; `None` when the refresh token is not the newest, or is over (401).
    async fn exchange(&self, far: &dyn Far, refresh: &SecretString) -> Result<Option<SecretString>, Stop> {
        let refresh = json!({"refreshToken": refresh.expose_secret()});
        let request = HttpRequest { effectful: false, ..self.post(&["accounts", "access-token"], &refresh) };
        let reply = far.send(request).await?;
        if reply.status == 401 {
            return Ok(None);
        }
        let access = match body(&reply) {
            Ok(Body::Object(body)) => text(&body, "accessToken").map(SecretString::from),
            Ok(Body::Empty) => None,
            Err(Refusal::Stop(Stop::Denied(_))) => return Err(Stop::away("a refresh token was not exchanged (403)")),
            Err(Refusal::Complaint(status, _)) => {
                return Err(Stop::Away(format!("a refresh token was not exchanged ({status})"), None));
            }
            Err(Refusal::Stop(stop)) => return Err(stop),
        };
        access.map(Some).ok_or_else(|| Stop::unclear("an exchange without `accessToken`"))
    }
}

/// How long the token says that it lives: its claim `expireAt`, in milliseconds. One that is over already tells that
/// the clocks differ, and nothing else.
fn told(token: &str, now: Timestamp) -> Option<Millis> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let at = claims.get("expireAt")?;
    let at = at.as_i64().or_else(|| at.as_str()?.parse().ok())?;
    Some(Timestamp(at).since(now)).filter(|left| left.0 > 0)
}
