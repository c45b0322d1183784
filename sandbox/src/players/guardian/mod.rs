//! Hedera Guardian, played under `/guardian/api/v1`: login, access tokens, onboarding and its tasks. Calls enter;
//! answers with the documented bodies leave, and tasks go on by themselves. There are no webhooks.
//!
//! Source of everything here: the given "unified user onboarding" text and docs/providers/guardian.md. Where they
//! differ, or no source tells, there is an option with a stated default. Sentences in errors are not documented, except
//! for `already taken`.

mod accounts;
mod onboard;
mod options;
mod read;
mod reply;
mod session;
mod tasks;
pub mod traps;
mod wish;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;

pub use options::GuardianOptions;

use crate::clock;
use crate::door::Answer;
use crate::door::pass::told;
use crate::player::Player;
use crate::role::Role;
use crate::running::Running;
use crate::stage::Stage;

/// What is known of it before it is played.
pub const ROLE: Role = Role {
    name: "guardian",
    title: "Guardian",
    at: &[("guardian", "/guardian/api/v1")],
    steered_by: "user name",
    traps: traps::ALL,
    tells: false,
};

/// The largest body of a call; beyond it the answer is 413. Not documented.
const BODY: usize = 256 * 1024;

/// Guardian: what it knows, and how it is set up.
pub(crate) struct Guardian {
    stage: Arc<Stage>,
    options: GuardianOptions,
    accounts: accounts::Accounts,
    sessions: session::Sessions,
    tasks: tasks::Tasks,
}

impl Guardian {
    pub(crate) fn new(options: GuardianOptions, stage: Arc<Stage>) -> std::io::Result<Self> {
        let tasks = tasks::Tasks::default();
        tasks.put(tasks::Task {
            id: options.other_task.clone(),
            action: "Publish schema",
            username: options.registry_username.clone(),
            owner: Some(options.registry_username.clone()),
            date: clock::print(clock::now()),
            statuses: Vec::new(),
            result: None,
            error: None,
        });
        let accounts = accounts::Accounts::new(stage.dice, &options);
        Ok(Self { accounts, sessions: session::Sessions::default(), tasks, options, stage })
    }

    /// What a restart of the gateway does: every task is forgotten.
    fn forget_tasks(&self) {
        self.tasks.forget();
    }

    pub(crate) fn count(&self) -> GuardianCount {
        let accounts = self.accounts.count();
        let (tasks, failed_tasks) = self.tasks.count();
        GuardianCount {
            accounts: accounts.accounts,
            complete: accounts.complete,
            tasks,
            failed_tasks,
            ledger_accounts: accounts.ledger_accounts,
            orphaned_ledger_accounts: accounts.orphans,
            duplicate_accounts: accounts.duplicates,
        }
    }
}

/// What there is at Guardian, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GuardianCount {
    /// Accounts registered by onboardings.
    pub accounts: u64,
    /// Those that have a DID.
    pub complete: u64,
    /// Onboardings started.
    pub tasks: u64,
    /// Those that failed.
    pub failed_tasks: u64,
    /// Hedera accounts made with the operator's funds.
    pub ledger_accounts: u64,
    /// Those beyond the one of a registered user: funded, and of no use to anyone.
    pub orphaned_ledger_accounts: u64,
    /// User names for which more than one Hedera account was made.
    pub duplicate_accounts: u64,
}

impl Player for Guardian {
    fn role(&self) -> &'static Role {
        &ROLE
    }

    fn stage(&self) -> &Arc<Stage> {
        &self.stage
    }

    fn error(&self, status: StatusCode, text: &str) -> Answer {
        reply::error(self, status, text)
    }

    fn routes(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config.app_data(web::Data::from(self)).service(
            web::scope("/guardian/api/v1")
                .app_data(web::PayloadConfig::new(BODY))
                .route("/accounts/login", web::post().to(session::login))
                .route("/accounts/access-token", web::post().to(session::renew))
                .route("/accounts/push/onboard", web::post().to(onboard::push))
                .route("/tasks/onboard/{id}", web::get().to(read::status))
                .route("/tasks/{id}", web::get().to(read::whole))
                .default_service(web::to(unknown)),
        );
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        let GuardianOptions { registry_username, registry_password, .. } = &self.options;
        vec![
            ("guardian_username", registry_username.clone()),
            ("guardian_registry_password", registry_password.clone()),
        ]
    }
}

/// A path that the API does not have.
async fn unknown(guardian: web::Data<Guardian>) -> HttpResponse {
    told(&**guardian, &reply::error(&guardian, StatusCode::NOT_FOUND, "Not Found"))
}

impl Running {
    /// The base URL to give to a client of Guardian.
    pub fn guardian_url(&self) -> String {
        self.at("/guardian/api/v1")
    }

    /// Has Guardian forget every task, as a restart of its gateway does; what they do goes on.
    pub fn forget_guardian_tasks(&self) {
        if let Some(guardian) = self.player::<Guardian>() {
            guardian.forget_tasks();
        }
    }
}
