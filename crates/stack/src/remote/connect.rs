//! From a URL to the client that speaks to its server.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, Error, ObjectStore, RetryConfig};
use rustls::crypto::CryptoProvider;

use super::credentials::{check_aws, check_google};
use super::folder::{Place, Service};
use super::{RemoteError, RemoteFolder, RemoteOptions};

/// The folder that a URL names; no request is made yet.
///
/// # Errors
/// [`RemoteError`] if the URL or a setting cannot be understood, or there are no credentials and no word that none are
/// needed.
pub(crate) fn connect(url: &str, options: &RemoteOptions) -> Result<RemoteFolder, RemoteError> {
    if CryptoProvider::get_default().is_none() {
        // If another thread was faster, its provider serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    for (key, _) in &options.settings {
        let key = key.to_ascii_lowercase();
        let is_known = key.parse::<AmazonS3ConfigKey>().is_ok()
            || key.parse::<GoogleConfigKey>().is_ok()
            || key.parse::<ClientConfigKey>().is_ok();
        if !is_known {
            return Err(RemoteError::Setting { key });
        }
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (bucket, inside) = rest.split_once('/').unwrap_or((rest, ""));
    let failed = |source| RemoteError::Connect { url: url.to_owned(), source };
    let (store, server, service): (Arc<dyn ObjectStore>, _, _) = match scheme.to_ascii_lowercase().as_str() {
        "s3" | "s3a" => {
            let (builder, server) = s3(bucket, options)?;
            (Arc::new(builder.build().map_err(failed)?), server, Service::S3)
        }
        "gs" => {
            let (builder, server) = google(bucket, options)?;
            (Arc::new(builder.build().map_err(failed)?), server, Service::Google)
        }
        _ => {
            let store = http(url, options).map_err(failed)?;
            (Arc::new(store), bucket.to_owned(), Service::Http)
        }
    };
    let prefix = if service == Service::Http { "" } else { inside.trim_matches('/') };
    Ok(RemoteFolder {
        url: url.to_owned(),
        store,
        prefix: prefix.to_owned(),
        options: options.clone(),
        place: Arc::new(Place { server, bucket: bucket.to_owned(), service }),
    })
}

fn s3(bucket: &str, options: &RemoteOptions) -> Result<(AmazonS3Builder, String), RemoteError> {
    let start = AmazonS3Builder::new()
        .with_client_options(client(options))
        .with_bucket_name(bucket)
        .with_retry(retry(options));
    let builder = settings(&["AWS_"], options).fold(start, |builder, (key, value)| match key.parse() {
        Ok(key) => builder.with_config(key, value),
        Err(_) => builder,
    });
    check_aws(&builder, options.instance_credentials)?;
    let value = |key: AmazonS3ConfigKey| builder.get_config_value(&key);
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    let server = match endpoint {
        Some(endpoint) => {
            let allows_http = value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
            // The client would only say that the scheme is not allowed.
            if endpoint.starts_with("http://") && allows_http.as_deref() == Some("false") {
                return Err(RemoteError::Plain { endpoint, setting: "AWS_ALLOW_HTTP" });
            }
            server_of(&endpoint)
        }
        None => {
            let region = value(AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".to_owned());
            format!("s3.{region}.amazonaws.com")
        }
    };
    Ok((builder, server))
}

fn google(bucket: &str, options: &RemoteOptions) -> Result<(GoogleCloudStorageBuilder, String), RemoteError> {
    // As by default of `object_store`: who names a server without TLS means it.
    let start = GoogleCloudStorageBuilder::new()
        .with_client_options(client(options).with_allow_http(true))
        .with_bucket_name(bucket)
        .with_retry(retry(options));
    let names = ["GOOGLE_", "SERVICE_ACCOUNT"];
    let builder = settings(&names, options).fold(start, |builder, (key, value)| match key.parse() {
        Ok(key) => builder.with_config(key, value),
        Err(_) => builder,
    });
    check_google(&builder, options.instance_credentials)?;
    let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    let server = endpoint.map_or("storage.googleapis.com".to_owned(), |endpoint| server_of(&endpoint));
    Ok((builder, server))
}

fn http(url: &str, options: &RemoteOptions) -> Result<impl ObjectStore + use<>, Error> {
    let start = HttpBuilder::new()
        .with_url(url)
        .with_client_options(client(options).with_allow_http(true))
        .with_retry(retry(options));
    let builder = settings(&[], options).fold(start, |builder, (key, value)| match key.parse() {
        Ok(key) => builder.with_config(key, value),
        Err(_) => builder,
    });
    builder.build()
}

/// Names in lower case and values: from the environment where names start so, and on top of them those of the options.
fn settings(starts: &[&str], options: &RemoteOptions) -> impl Iterator<Item = (String, String)> {
    let of_environment = env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.to_str()?, value.to_str()?);
        let is_meant = !value.is_empty() && starts.iter().any(|start| name.starts_with(start));
        is_meant.then(|| (name.to_owned(), value.to_owned()))
    });
    let all = of_environment.chain(options.settings.iter().cloned());
    all.map(|(name, value)| (name.to_ascii_lowercase(), value))
}

/// No answer is too slow as long as bytes come.
fn client(options: &RemoteOptions) -> ClientOptions {
    ClientOptions::new().with_timeout_disabled().with_read_timeout(options.idle)
}

/// Tries are bounded by their number alone: how long one may take, nobody knows.
fn retry(options: &RemoteOptions) -> RetryConfig {
    let max_retries = usize::try_from(options.tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let default = BackoffConfig::default();
    // A pause of nothing has no range to be drawn from.
    let init_backoff = options.back_off.max(Duration::from_micros(1));
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff,
            max_backoff: default.max_backoff.max(init_backoff),
            ..default
        },
        max_retries,
        retry_timeout: Duration::MAX,
    }
}

fn server_of(endpoint: &str) -> String {
    let (_, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    rest.split('/').next().unwrap_or(rest).to_owned()
}
