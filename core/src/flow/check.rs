//! Raw flow -> checked model, or all problems at once.

use crate::catalogue::Catalogue;
use crate::flow::model::Flow;
use crate::flow::problem::Problems;

/// Reads and checks one flow file.
///
/// # Errors
/// Every problem of the file.
pub fn load(_file: &str, _text: &str, _catalogue: &Catalogue) -> Result<Flow, Problems> {
    todo!()
}
