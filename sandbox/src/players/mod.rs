//! The table of providers: one folder and one row each. The rows enter; what a sandbox is started with and what is
//! known of each provider leave. Nothing else in this crate names a provider, and no provider names another.

pub mod didx;
pub mod guardian;
pub mod haven;
pub mod original;
pub mod waltid;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Serialize;

use crate::mischief::Mischief;
use crate::options::Limits;
use crate::player::Player;
use crate::role::Role;
use crate::running::Running;
use crate::stage::Stage;
use crate::world::World;

/// Writes out the table. A row: the folder, which is the provider's name; the player, its options and its count; and
/// what else of its folder is public.
macro_rules! players {
    ($($(#[$attribute:meta])* $name:ident: $player:ident, $options:ident, $count:ident $(, $public:ident)*;)*) => {
        $(pub use $name::{$options, $count, $($public),*};)*

        /// Every provider that is played.
        pub const ROLES: &[Role] = &[$($name::ROLE),*];

        /// How a sandbox is started. The default listens on free ports of the loopback interface and behaves well.
        #[derive(Clone, Debug)]
        pub struct Options {
            /// Where the providers, the mailbox's list and the lists for counting are served; port 0 takes a free one.
            pub http: SocketAddr,
            /// Where the mailbox receives; port 0 takes a free one.
            pub smtp: SocketAddr,
            /// Equal seeds give equal uids, wallets and mischief.
            pub seed: u64,
            /// What goes wrong, and how often.
            pub mischief: Mischief,
            $(
                #[doc = concat!("How the provider `", stringify!($name), "` is set up.")]
                pub $name: $options,
            )*
            /// How much is kept, and how long things take.
            pub limits: Limits,
        }

        impl Default for Options {
            fn default() -> Self {
                Self {
                    http: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    smtp: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                    seed: 1,
                    mischief: Mischief::none(),
                    $($name: $options::default(),)*
                    limits: Limits::default(),
                }
            }
        }

        /// What the far side has, counted.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        pub struct Summary {
            /// Calls received since the start, also those no longer listed.
            pub calls: u64,
            $(
                #[doc = concat!("What there is at the provider `", stringify!($name), "`.")]
                $(#[$attribute])*
                pub $name: $count,
            )*
            /// Webhooks meant to be sent, forged copies not counted.
            pub webhooks: u64,
            /// Those that were accepted with a 2xx at least once.
            pub webhooks_accepted: u64,
            /// Messages accepted by the mailbox since the start.
            pub messages: u64,
            /// Wallets to come, webhooks to send and work to land.
            pub pending: u64,
        }

        /// Counts, at one moment for each part.
        pub(crate) fn summary(world: &World) -> Summary {
            let (webhooks, webhooks_accepted) = world.stage.webhooks.records.count();
            Summary {
                calls: world.stage.calls.received(),
                $($name: world.player().map($name::$player::count).unwrap_or_default(),)*
                webhooks,
                webhooks_accepted,
                messages: world.mailbox.received(),
                pending: world.stage.busy(),
            }
        }

        /// All players, on this stage. Refused for options that cannot be used.
        pub(crate) fn players(options: &Options, stage: &Arc<Stage>) -> std::io::Result<Vec<Arc<dyn Player>>> {
            Ok(vec![$(Arc::new($name::$player::new(options.$name.clone(), Arc::clone(stage))?)),*])
        }
    };
}

players! {
    // Its counts are at the top of the summary, where they were before there was a second provider.
    #[serde(flatten)]
    original: Original, OriginalOptions, OriginalCount, WebhookSigning;
    didx: Didx, DidxOptions, DidxCount;
    guardian: Guardian, GuardianOptions, GuardianCount;
    waltid: Waltid, WaltidOptions, WaltidCount, WaltidDuplicate, WaltidLogin;
    haven: Haven, HavenOptions, HavenCount;
}

impl Running {
    /// What the far side has, counted: the same as `GET /_calls/summary`.
    pub fn summary(&self) -> Summary {
        summary(&self.world)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ROLES;

    #[test]
    fn no_two_providers_share_a_name_or_an_address() {
        let names: BTreeSet<&str> = ROLES.iter().map(|role| role.name).collect();
        let places: BTreeSet<&str> = ROLES.iter().flat_map(|role| role.at).map(|(_, path)| *path).collect();
        assert_eq!(names.len(), ROLES.len());
        assert_eq!(places.len(), ROLES.iter().map(|role| role.at.len()).sum::<usize>());
    }
}
