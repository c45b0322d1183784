//! How a command ends. The numbers are part of the contract.

use std::fmt;
use std::process::ExitCode;

use crate::settings;
use crate::store::StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Well,
    /// It ran, but not all is well.
    NotAllWell,
    /// Usage, settings or flow error.
    Usage,
    /// Cannot reach a server, or bind an address.
    Unreachable,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::NotAllWell => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not do it: what stderr says, and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How it ends.
    pub exit: Exit,
    /// For people; no secrets.
    pub message: String,
}

impl Failure {
    /// A failure that ends so and says this.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<settings::Faults> for Failure {
    fn from(faults: settings::Faults) -> Self {
        Self::new(Exit::Usage, faults.to_string())
    }
}

impl From<settings::Fault> for Failure {
    fn from(fault: settings::Fault) -> Self {
        settings::Faults(vec![fault]).into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Unreachable(_) | StoreError::Passing(_) => Exit::Unreachable,
            StoreError::Setup(_) => Exit::Usage,
            StoreError::Poison(_) | StoreError::OtherVersion(_) | StoreError::Locked(_) | StoreError::Unlisted(_) => {
                Exit::NotAllWell
            }
        };
        Self::new(exit, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, Failure};
    use crate::store::StoreError;

    #[test]
    fn a_database_that_is_away_ends_with_3_and_a_wrong_key_with_2() {
        assert_eq!(Failure::from(StoreError::Unreachable(String::new())).exit.code(), 3);
        assert_eq!(Failure::from(StoreError::Setup(String::new())).exit.code(), 2);
        assert_eq!(Failure::from(StoreError::Poison(String::new())).exit, Exit::NotAllWell);
    }
}
