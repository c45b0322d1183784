//! Nothing under `/v1` is reached without a token that allows it. The scope is told by method and route in one place,
//! so that no handler can forget to ask.

use std::future::{Ready, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};

use super::State;
use super::failed::failed;
use super::token::{Scope, bearer, digest};
use crate::problem::{Problem, ProblemType};
use crate::store::tokens::TokenGrant;

/// The caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Name of the token: the actor in the journal.
    pub name: String,
    /// CloudEvents sources that it may publish under; none: any.
    pub sources: Vec<String>,
    /// Whether it may act.
    pub operates: bool,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::new(ProblemType::Unauthorized, "")))
    }
}

/// Middleware of `/v1`.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let needed = needed(request.method(), request.match_pattern().as_deref(), request.query_string());
    let state = request.app_data::<web::Data<State>>().cloned();
    let state = state.ok_or_else(|| Problem::new(ProblemType::Internal, ""))?;
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let token =
        bearer(header).ok_or_else(|| Problem::new(ProblemType::Unauthorized, "send Authorization: Bearer TOKEN"))?;
    let grant = grant(&state, token).await?;
    if !grant.scopes.iter().any(|scope| scope == needed.word()) {
        return Err(Problem::new(ProblemType::Forbidden, format!("the scope {} is missing", needed.word())).into());
    }
    let operates = grant.scopes.iter().any(|scope| scope == Scope::Operate.word());
    request.extensions_mut().insert(Caller { name: grant.name, sources: grant.sources, operates });
    next.call(request).await
}

async fn grant(state: &State, token: &str) -> Result<TokenGrant, Problem> {
    let digest = digest(token);
    let now = state.clock.now();
    let grant = match state.grants.get(&digest, now) {
        Some(grant) => grant,
        None => {
            let read = state.store.token(digest).await.map_err(|error| failed(&error))?;
            let grant = read.ok_or_else(|| Problem::new(ProblemType::Unauthorized, "this token is not known"))?;
            state.grants.put(digest, grant.clone(), now);
            grant
        }
    };
    if grant.expired(now) {
        return Err(Problem::new(ProblemType::Unauthorized, "this token has expired"));
    }
    Ok(grant)
}

/// Whether the caller has a token that may look, and so is no stranger.
pub(crate) async fn may_look(state: &State, headers: &HeaderMap) -> bool {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let Some(token) = bearer(header) else { return false };
    let looks = |scope: &String| [Scope::Read, Scope::Operate].iter().any(|wanted| wanted.word() == scope);
    grant(state, token).await.is_ok_and(|grant| grant.scopes.iter().any(looks))
}

/// What an act's address says when its forecast is asked for, and nothing is to be done.
pub(crate) const FORECAST: &str = "forecast=true";

/// The scope that a request needs: looking needs `read`, sending events `publish`, everything else `operate`.
fn needed(method: &Method, route: Option<&str>, query: &str) -> Scope {
    match (method, route) {
        (&Method::GET | &Method::HEAD, _) => Scope::Read,
        (&Method::POST, Some("/v1/events")) => Scope::Publish,
        (&Method::POST, Some("/v1/onboardings/{id}/{act}")) if query == FORECAST => Scope::Read,
        _ => Scope::Operate,
    }
}

#[cfg(test)]
mod tests {
    use super::needed;
    use crate::api::token::Scope;
    use actix_web::http::Method;

    #[test]
    fn what_changes_something_never_needs_less_than_operate() {
        assert_eq!(needed(&Method::GET, Some("/v1/events"), ""), Scope::Read);
        assert_eq!(needed(&Method::POST, Some("/v1/events"), ""), Scope::Publish);
        assert_eq!(needed(&Method::POST, Some("/v1/onboardings/{id}/cancel"), ""), Scope::Operate);
        assert_eq!(needed(&Method::POST, Some("/v1/events/{id}/adopt"), ""), Scope::Operate);
        assert_eq!(needed(&Method::DELETE, None, ""), Scope::Operate);
        let act = Some("/v1/onboardings/{id}/{act}");
        assert_eq!(needed(&Method::POST, act, "forecast=true"), Scope::Read);
        assert_eq!(needed(&Method::POST, act, "forecast=true&x=1"), Scope::Operate);
        assert_eq!(needed(&Method::POST, Some("/v1/aside/{id}/take"), "forecast=true"), Scope::Operate);
    }
}
