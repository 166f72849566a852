//! One request from its first byte understood to the last byte of its answer decided.
//!
//! Here a call is logged, checked, spoiled if a fault waits for it, and carried out.

use super::error::ApiError;
use super::faults::Trouble;
use super::http::{self, Request};
use super::params::Params;
use super::polling;
use super::server::Shared;
use super::spec;
use super::state::Exchange;
use core::time::Duration;
use serde_json::{Value, json};

/// Repeated conflicts are answered so late.
const LATE: Duration = Duration::from_secs(3);

/// What goes back.
#[derive(Debug)]
pub(super) struct Reply {
    pub bytes: Vec<u8>,
    pub ending: Ending,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Send,
    SendAndClose,
    Close,
    Reset,
    Drip(usize, Duration),
}

/// Status, content type and body.
struct Answer(u16, &'static str, Vec<u8>);

/// Handles one request; blocks as long as the call does.
pub(super) fn handle(shared: &Shared, request: &Request) -> Reply {
    let (token, method) = route(&request.target);
    let params = Params::read(request);
    let (number, trouble) = arrive(shared, request, token, method, params.as_ref().ok());
    let carried_out = trouble.as_ref().is_none_or(Trouble::carries_out);
    let result = match (&params, token) {
        _ if !matches!(request.verb.as_str(), "GET" | "POST") => {
            Err(ApiError::new(501, "Not Implemented"))
        }
        (_, None) => Err(ApiError::new(404, "Not Found")),
        (_, Some(token)) if token != shared.options.token => Err(wrong_token(token)),
        _ if !carried_out => Ok(Value::Bool(true)),
        _ if request.too_large => Err(ApiError::new(413, "Request Entity Too Large")),
        (Err(why), _) => Err(why.clone()),
        (Ok(params), _) => carry_out(shared, &method.to_ascii_lowercase(), params),
    };
    match &trouble {
        Some(Trouble::Hang) => shared.pause(None),
        Some(Trouble::Delay(wait)) => shared.pause(Some(*wait)),
        _ => {}
    }
    let result = match &trouble {
        Some(Trouble::Flood(seconds)) => Err(ApiError::flood(*seconds)),
        Some(Trouble::Conflict) => Err(polling::two_pollers()),
        Some(Trouble::Unauthorized) => Err(ApiError::new(401, "Unauthorized")),
        _ => result,
    };
    leave(shared, number, trouble, result)
}

/// Token and method of `/bot<token>/<method>`.
fn route(target: &str) -> (Option<&str>, &str) {
    let path = target.split('?').next().unwrap_or_default();
    match path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) {
        Some((token, method)) => (Some(token), method),
        None => (None, path),
    }
}

/// 404 for what is no token at all, 401 for one that nobody knows (BOTAPI.md section 3).
fn wrong_token(token: &str) -> ApiError {
    let (id, secret) = token.split_once(':').unwrap_or_default();
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let formed = id.parse::<u64>().is_ok_and(|id| id > 0) && !secret.is_empty();
    match formed && secret.chars().all(good) {
        true => ApiError::new(401, "Unauthorized"),
        false => ApiError::new(404, "Not Found"),
    }
}

/// Logs a request and looks for a fault that waits for it.
fn arrive(
    shared: &Shared,
    request: &Request,
    token: Option<&str>,
    method: &str,
    params: Option<&Params>,
) -> (usize, Option<Trouble>) {
    let name = spec::spelling(method).unwrap_or(method);
    let mut violations = params.map(|params| spec::violations(method, params)).unwrap_or_default();
    if params.is_none() {
        violations.push(format!("{name}: the body cannot be read"));
    }
    if name != method {
        violations.push(format!("{name}: spelled {method}"));
    }
    if !request.host {
        violations.push(format!("{name}: no Host header"));
    }
    if token.is_some_and(|token| token != shared.options.token) {
        violations.push(format!("{name}: wrong token"));
    }
    shared.change(|world| {
        let lower = method.to_ascii_lowercase();
        violations.extend(params.and_then(|params| world.too_early(&lower, params)));
        let chat = params.map(|params| params.number("chat_id")).filter(|id| *id != 0);
        let trouble = world.faults.pick(name, chat);
        world.log.push(Exchange {
            at: world.now(),
            done: None,
            method: name.to_owned(),
            params: params.map(Params::to_json).unwrap_or_default(),
            violations,
            status: None,
            error: None,
            spoiled: trouble.is_some(),
        });
        (world.log.len() - 1, trouble)
    })
}

fn carry_out(shared: &Shared, method: &str, params: &Params) -> Result<Value, ApiError> {
    let result = match method {
        "getupdates" => polling::get_updates(shared, params),
        _ => shared.change(|world| world.call(method, params)),
    };
    if result.as_ref().is_err_and(|refusal| refusal.late) {
        shared.pause(Some(LATE));
    }
    result
}

/// Writes the answer, and completes the log before the client can have it.
fn leave(
    shared: &Shared,
    number: usize,
    trouble: Option<Trouble>,
    result: Result<Value, ApiError>,
) -> Reply {
    let status = result.as_ref().err().map_or(200, |refusal| refusal.code);
    let body = match &result {
        Ok(result) => json!({ "ok": true, "result": result }),
        Err(refusal) => refusal.body(),
    };
    let wait = body["parameters"]["retry_after"].as_u64();
    let extra = wait.map(|s| format!("Retry-After: {s}\r\n")).unwrap_or_default();
    let Answer(status, kind, body) = match &trouble {
        Some(Trouble::Http(status, body)) => Answer(*status, "text/html", page(*status, body)),
        Some(Trouble::Garbage) => {
            Answer(200, "application/json", b"{\"ok\":true,\"result\":[{\"upd\0\xff]]".to_vec())
        }
        _ => Answer(status, "application/json", body.to_string().into_bytes()),
    };
    shared.change(|world| {
        let now = world.now();
        if let Some(exchange) = world.log.get_mut(number) {
            exchange.done = Some(now);
            exchange.status = Some(status);
            exchange.error = result.err().map(|refusal| refusal.description);
        }
    });
    let mut bytes = http::answer(status, kind, &extra, &body);
    if trouble == Some(Trouble::Truncate) {
        bytes.truncate(bytes.len() - body.len() / 2 - 1);
    }
    Reply { bytes, ending: trouble.map_or(Ending::Send, |trouble| trouble.ending()) }
}

/// The error page of the proxy in front of the real server.
fn page(status: u16, body: &Option<String>) -> Vec<u8> {
    let title = format!("{status} {}", http::reason(status));
    let page = || {
        format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
        )
    };
    body.clone().unwrap_or_else(page).into_bytes()
}
