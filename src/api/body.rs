//! The JSON body of an act, whole and in time: a client cannot hold a connection by never ending its body.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use super::State;
use crate::problem::{Problem, ProblemType};

/// What a body says, once it is there.
pub(crate) struct Said<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Said<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let within = request.app_data::<web::Data<State>>().map(|state| state.limits.body_within);
        let reading = web::Json::<T>::from_request(request, payload);
        Box::pin(async move {
            let within = Duration::from_millis(within.unwrap_or_default().0);
            let late = |_| Problem::new(ProblemType::Unreadable, "the body did not arrive whole in time");
            tokio::time::timeout(within, reading).await.map_err(late)?.map(|body| Self(body.into_inner()))
        })
    }
}
