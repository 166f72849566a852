//! A refusal in the Bot API's words: code, description, parameters.
//!
//! Descriptions are written as the server's core has them; the prefix and the lower-cased first
//! letter are added here by the real server's rule (BOTAPI.md section 5).

use serde_json::{Value, json};

/// What a method answers instead of a result.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    /// HTTP status and `error_code`.
    pub code: u16,
    /// `description`, complete.
    pub description: String,
    /// `parameters`.
    pub parameters: Option<Value>,
    /// Answered only after 3 s, as the real server does with repeated conflicts.
    pub late: bool,
}

impl ApiError {
    /// A refusal whose description is final.
    pub fn new(code: u16, description: impl Into<String>) -> ApiError {
        ApiError { code, description: description.into(), parameters: None, late: false }
    }

    /// 400, with the usual prefix.
    pub fn bad(text: &str) -> ApiError {
        let mut letters = text.chars();
        let first = letters.next().map(char::to_lowercase);
        let is_code = letters.clone().next().is_some_and(|c| c == '_' || c.is_ascii_uppercase());
        let text = match is_code {
            true => text.to_owned(),
            false => first.into_iter().flatten().chain(letters).collect(),
        };
        ApiError::new(400, format!("Bad Request: {text}"))
    }

    /// 403.
    pub fn forbidden(text: &str) -> ApiError {
        ApiError::new(403, format!("Forbidden: {text}"))
    }

    /// 429 with the seconds to wait.
    pub fn flood(seconds: u64) -> ApiError {
        let text = format!("Too Many Requests: retry after {seconds}");
        ApiError { parameters: Some(json!({ "retry_after": seconds })), ..ApiError::new(429, text) }
    }

    /// 404 for a method that does not exist.
    pub fn no_method() -> ApiError {
        ApiError::new(404, "Not Found: method not found")
    }

    /// The whole answer.
    pub fn body(&self) -> Value {
        let mut body =
            json!({ "ok": false, "error_code": self.code, "description": self.description });
        if let Some(parameters) = &self.parameters {
            body["parameters"] = parameters.clone();
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_cased_and_codes_are_not() {
        assert_eq!(ApiError::bad("Chat not found").description, "Bad Request: chat not found");
        assert_eq!(ApiError::bad("MESSAGE_TOO_LONG").description, "Bad Request: MESSAGE_TOO_LONG");
        assert_eq!(ApiError::bad("").description, "Bad Request: ");
    }
}
