//! Answers of servers that are not what was asked for: a status, and what they say beside it.

use std::fmt;

use object_store::Error;

use super::place::{Place, Service};
use super::store_error::{status_text, tries};

/// A refusal, with what S3 and Google say in XML: a code and a sentence.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// `403 Forbidden`
    title: String,
    code: Option<String>,
    message: Option<String>,
    service: Service,
    bucket: String,
    n_tries: u32,
}

/// Codes of S3 that say that a key, its secret or its token is wrong.
const WRONG_KEY: [&str; 8] = [
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidToken",
    "ExpiredToken",
    "TokenRefreshRequired",
    "InvalidSecurity",
    "InvalidCredentials",
    "NotSignedUp",
];

/// Codes that say that a bucket is in another region than was asked.
const WRONG_REGION: [&str; 3] =
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];

/// Letters of an answer that are shown.
const MAX_SHOWN: usize = 160;

impl Answer {
    /// What the server answered; `None` if it did not.
    pub fn of(error: &Error, place: &Place, n_tries: u32) -> Option<Self> {
        let text = status_text(error)?;
        let (title, body) = text.split_once(':').unwrap_or((&text, ""));
        let status = title.get(..3)?.parse().ok()?;
        let (code, message) = said(body.trim());
        Some(Answer { code, message, n_tries, ..Answer::plain(status, title.trim(), place) })
    }

    /// A redirect that does not say where to.
    pub fn redirect(place: &Place) -> Self {
        Answer::plain(301, "301 Moved Permanently", place)
    }

    fn plain(status: u16, title: &str, place: &Place) -> Self {
        Answer {
            status,
            title: title.to_owned(),
            code: None,
            message: None,
            service: place.service,
            bucket: place.bucket.clone(),
            n_tries: 1,
        }
    }

    pub fn is_missing(&self) -> bool {
        self.status == 404 && !self.has_code(&["NoSuchBucket"])
    }

    /// Whether the server refuses this object, rather than a key or the bucket: some do so for what is not there.
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, 401 | 403) && !self.has_code(&WRONG_KEY) && !self.has_code(&WRONG_REGION)
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { title, bucket, .. } = self;
        // A code says more than the words of the status.
        let number = title.get(..3).unwrap_or(title);
        let mut said = match &self.code {
            Some(code) => format!("{number} {code}"),
            None => title.clone(),
        };
        if let Some(message) = &self.message {
            said = format!("{said}: {message}");
        }
        if self.has_code(&["NoSuchBucket"]) {
            return write!(f, "there is no bucket {bucket} on the server ({number} NoSuchBucket)");
        }
        if self.has_code(&WRONG_REGION) || self.status == 301 {
            return write!(
                f,
                "the bucket {bucket} is in another region ({said}), set {}",
                self.service.region()
            );
        }
        let is_key_wrong = self.has_code(&WRONG_KEY) || (self.status == 401 && self.service != Service::Http);
        if is_key_wrong {
            return write!(f, "the server refuses the key ({said}){}", self.service.check());
        }
        if matches!(self.status, 401 | 403) {
            return write!(f, "the server denies access ({said}){}", self.service.check());
        }
        write!(f, "the server answers {said}{}", tries(self.n_tries))
    }
}

/// The code and the sentence in the body of an answer, each of them shortened.
fn said(body: &str) -> (Option<String>, Option<String>) {
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(text.trim()).filter(|text| !text.is_empty()).map(shortened)
    };
    if body.contains('<') {
        return (element("Code"), element("Message"));
    }
    (None, Some(body).filter(|body| !body.is_empty()).map(shortened))
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_end_matches('.');
    match line.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
