//! From a URL to the client that speaks to its server.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::memory::InMemory;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, Error, ObjectStore, RetryConfig};
use rustls::crypto::CryptoProvider;

use super::credentials::{check_aws, check_google};
use super::place::{Place, Service};
use super::runtime::check_process;
use super::{RemoteError, RemoteFolder, RemoteOptions};

/// The folder that a URL names; no request is made yet.
///
/// # Errors
/// [`RemoteError`] if the URL or a setting cannot be understood, there are no credentials and no word that none are
/// needed, or in a forked process.
pub fn connect(url: &str, options: &RemoteOptions) -> Result<RemoteFolder, RemoteError> {
    check_process()?;
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
            let (builder, server, form) = s3(bucket, &variables(), options)?;
            let store = options.clients.bucket(form, || Ok(Arc::new(builder.build()?)));
            (store.map_err(failed)?, server, Service::S3)
        }
        "gs" => {
            let (builder, server, form) = google(bucket, &variables(), options)?;
            let store = options.clients.bucket(form, || Ok(Arc::new(builder.build()?)));
            (store.map_err(failed)?, server, Service::Google)
        }
        "memory" => (in_memory(bucket), "this process".to_owned(), Service::Memory),
        "http" | "https" => {
            let store = http(url, options).map_err(failed)?;
            (Arc::new(store), bucket.to_owned(), Service::Http)
        }
        scheme => return Err(RemoteError::Scheme { scheme: scheme.to_owned() }),
    };
    let prefix = if service == Service::Http { "" } else { inside.trim_matches('/') };
    Ok(RemoteFolder {
        url: url.into(),
        store,
        prefix: prefix.into(),
        options: Arc::new(options.clone()),
        place: Arc::new(Place { server, bucket: bucket.to_owned(), service }),
    })
}

/// The store of that name in this process, which lives as long as it does.
fn in_memory(bucket: &str) -> Arc<dyn ObjectStore> {
    static STORES: Mutex<BTreeMap<String, Arc<InMemory>>> = Mutex::new(BTreeMap::new());
    let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(stores.entry(bucket.to_owned()).or_default()) as Arc<dyn ObjectStore>
}

/// A client to be, the name of its server, and all that tells it from other clients.
type Built<B> = (B, String, String);

fn s3(
    bucket: &str,
    variables: &[Setting],
    options: &RemoteOptions,
) -> Result<Built<AmazonS3Builder>, RemoteError> {
    let start = AmazonS3Builder::new()
        .with_client_options(client(options))
        .with_http_connector(options.clients.clone())
        .with_retry(retry(options));
    let settings = settings(&["AWS_"], variables, &options.settings);
    let form = form("s3", bucket, &settings, options);
    let builder = settings.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value));
    // Last, because a variable may name another one.
    let builder = builder.with_bucket_name(bucket);
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
    Ok((builder, server, form))
}

fn google(
    bucket: &str,
    variables: &[Setting],
    options: &RemoteOptions,
) -> Result<Built<GoogleCloudStorageBuilder>, RemoteError> {
    // As by default of `object_store`: who names a server without TLS means it.
    let start = GoogleCloudStorageBuilder::new()
        .with_client_options(client(options).with_allow_http(true))
        .with_http_connector(options.clients.clone())
        .with_retry(retry(options));
    let settings = settings(&["GOOGLE_", "SERVICE_ACCOUNT"], variables, &options.settings);
    let form = form("gs", bucket, &settings, options);
    let builder = settings.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value));
    let builder = builder.with_bucket_name(bucket);
    check_google(&builder, options.instance_credentials)?;
    let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    let server = endpoint.map_or("storage.googleapis.com".to_owned(), |endpoint| server_of(&endpoint));
    Ok((builder, server, form))
}

fn http(url: &str, options: &RemoteOptions) -> Result<impl ObjectStore + use<>, Error> {
    let start = HttpBuilder::new()
        .with_url(url)
        .with_client_options(client(options).with_allow_http(true))
        .with_http_connector(options.clients.clone())
        .with_retry(retry(options));
    let settings = settings::<ClientConfigKey>(&[], &[], &options.settings);
    settings.into_iter().fold(start, |builder, (key, value)| builder.with_config(key, value)).build()
}

/// A name in either case and a value.
type Setting = (String, String);

/// Keys of which some may be set together only, so that those of the environment do not mix with those of the options.
trait SettingKey: FromStr + Copy + PartialEq + Debug {
    /// Whether the environment's `self` is of no use where the options have `given`.
    fn yields_to(self, given: Self) -> bool;
}

impl SettingKey for AmazonS3ConfigKey {
    fn yields_to(self, given: Self) -> bool {
        use AmazonS3ConfigKey as Key;
        let names_who = |key| {
            matches!(
                key,
                Key::AccessKeyId
                    | Key::SecretAccessKey
                    | Key::Token
                    | Key::WebIdentityTokenFile
                    | Key::RoleArn
                    | Key::RoleSessionName
                    | Key::ContainerCredentialsRelativeUri
                    | Key::ContainerCredentialsFullUri
                    | Key::ContainerAuthorizationTokenFile
            )
        };
        let names_where = |key| matches!(key, Key::Endpoint | Key::S3Endpoint);
        let names_region = |key| matches!(key, Key::Region | Key::DefaultRegion);
        // Who says that requests are signed after all may mean the environment's key, but not the other way round.
        names_who(given) && (names_who(self) || self == Key::SkipSignature)
            || names_where(given) && names_where(self)
            || names_region(given) && names_region(self)
    }
}

impl SettingKey for GoogleConfigKey {
    fn yields_to(self, given: Self) -> bool {
        use GoogleConfigKey as Key;
        let names_who = |key| {
            matches!(
                key,
                Key::ServiceAccount | Key::ServiceAccountKey | Key::ApplicationCredentials | Key::BearerToken
            )
        };
        names_who(given) && (names_who(self) || self == Key::SkipSignature)
    }
}

impl SettingKey for ClientConfigKey {
    fn yields_to(self, _: Self) -> bool {
        false
    }
}

/// Keys and values: of variables whose names start so, and on top of them those of the options.
fn settings<K: SettingKey>(starts: &[&str], variables: &[Setting], given: &[Setting]) -> Vec<(K, String)> {
    let parsed = |(name, value): &Setting| Some((name.to_ascii_lowercase().parse().ok()?, value.clone()));
    let given: Vec<(K, String)> = given.iter().filter_map(parsed).collect();
    let is_meant = |(name, _): &&Setting| starts.iter().any(|start| name.starts_with(start));
    let variables = variables.iter().filter(is_meant).filter_map(parsed);
    let mut all: Vec<(K, String)> =
        variables.filter(|(key, _): &(K, _)| !given.iter().any(|(given, _)| key.yields_to(*given))).collect();
    all.extend(given);
    all
}

/// The variables of the environment that are text and not empty.
fn variables() -> Vec<Setting> {
    let texts = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(_, value)| !value.is_empty()).collect()
}

/// All that tells the client of a bucket from others.
fn form<K: SettingKey>(
    scheme: &str,
    bucket: &str,
    settings: &[(K, String)],
    options: &RemoteOptions,
) -> String {
    let RemoteOptions { tries, idle, back_off, requests, instance_credentials, .. } = options;
    format!(
        "{scheme} {bucket} {settings:?} {tries} {idle:?} {back_off:?} {requests:?} {instance_credentials}"
    )
}

/// How long a connection that nobody uses is kept, which is shorter than servers usually do.
const KEPT: Duration = Duration::from_secs(15);

/// No answer is too slow as long as bytes come.
fn client(options: &RemoteOptions) -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled()
        .with_read_timeout(options.idle)
        .with_pool_idle_timeout(KEPT)
        .with_pool_max_idle_per_host(options.requests.get())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(settings: &[(&str, &str)]) -> Vec<Setting> {
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn options(settings: &[(&str, &str)]) -> RemoteOptions {
        RemoteOptions { settings: pairs(settings), ..RemoteOptions::default() }
    }

    /// Whatever the environment or the settings say, the bucket is that of the URL, which messages and identities name.
    #[test]
    fn the_bucket_is_that_of_the_url() {
        let public = [("AWS_SKIP_SIGNATURE", "true"), ("GOOGLE_SKIP_SIGNATURE", "true")];
        for name in ["AWS_BUCKET", "AWS_BUCKET_NAME", "GOOGLE_BUCKET", "GOOGLE_BUCKET_NAME"] {
            for (variables, settings) in [(&[(name, "other")][..], &[][..]), (&[], &[(name, "other")])] {
                let variables = pairs(variables);
                let options = options(&[&public, settings].concat());
                let (builder, ..) = s3("mine", &variables, &options).unwrap();
                assert_eq!(builder.get_config_value(&AmazonS3ConfigKey::Bucket).unwrap(), "mine");
                let (builder, ..) = google("mine", &variables, &options).unwrap();
                assert_eq!(builder.get_config_value(&GoogleConfigKey::Bucket).unwrap(), "mine");
            }
        }
    }

    proptest! {
        /// Settings go before variables, and sets of keys come from one of the two.
        #[test]
        fn keys_of_a_set_come_from_one_place(
            of_environment in prop::sample::subsequence(NAMES.to_vec(), 0..NAMES.len()),
            given in prop::sample::subsequence(NAMES.to_vec(), 0..NAMES.len()),
        ) {
            let from = |names: &[&str], place: &str| -> Vec<Setting> {
                names.iter().map(|name| ((*name).to_owned(), place.to_owned())).collect()
            };
            let found = settings::<AmazonS3ConfigKey>(
                &["AWS_"], &from(&of_environment, "environment"), &from(&given, "settings"),
            );
            let last = |name: &str| {
                let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().unwrap();
                found.iter().rev().find(|(found, _)| *found == key).map(|(_, place)| place.as_str())
            };
            for set in SETS {
                let is_given = set.iter().any(|name| given.contains(name));
                let places: Vec<&str> = set.iter().filter_map(|name| last(name)).collect();
                let (n_given, n_all) = [&given, &of_environment].map(|names| set.iter().filter(|name| names.contains(name)).count()).into();
                let expected = if is_given { vec!["settings"; n_given] } else { vec!["environment"; n_all] };
                prop_assert_eq!(places, expected);
            }
        }
    }

    const NAMES: [&str; 9] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ROLE_ARN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ALLOW_HTTP",
    ];

    const SETS: [&[&str]; 4] = [
        &[NAMES[0], NAMES[1], NAMES[2], NAMES[3]],
        &[NAMES[4], NAMES[5]],
        &[NAMES[6], NAMES[7]],
        &[NAMES[8]],
    ];

    #[test]
    fn a_key_of_the_settings_signs_whatever_the_environment_says() {
        let skip =
            pairs(&[("AWS_SKIP_SIGNATURE", "true"), ("GOOGLE_SKIP_SIGNATURE", "true"), ("OTHER", "x")]);
        let given = [("AWS_ACCESS_KEY_ID", "a"), ("GOOGLE_BEARER_TOKEN", "b")];
        assert_eq!(
            settings::<AmazonS3ConfigKey>(&["AWS_"], &skip, &pairs(&given[..1])),
            [(AmazonS3ConfigKey::AccessKeyId, "a".to_owned())]
        );
        assert_eq!(
            settings::<GoogleConfigKey>(&["GOOGLE_"], &skip, &pairs(&given[1..])),
            [(GoogleConfigKey::BearerToken, "b".to_owned())]
        );
        // The other way round, the key of the environment may be the one that is meant.
        let key = pairs(&[("AWS_ACCESS_KEY_ID", "a")]);
        let signed =
            settings::<AmazonS3ConfigKey>(&["AWS_"], &key, &pairs(&[("AWS_SKIP_SIGNATURE", "false")]));
        assert_eq!(signed.len(), 2);
    }

    #[test]
    fn clients_of_a_bucket_are_shared_where_all_is_equal() {
        let options = options(&[("AWS_SKIP_SIGNATURE", "true")]);
        let store = |url: &str, options: &RemoteOptions| connect(url, options).unwrap().store;
        let first = store("s3://bucket/a.zarr", &options);
        assert!(Arc::ptr_eq(&first, &store("s3://bucket/deep/b.zarr", &options.clone())));
        let mut patient = options.clone();
        patient.tries += 1;
        let mut other = options.clone();
        other.settings.push(("AWS_REGION".to_owned(), "x".to_owned()));
        for (url, options) in [
            ("s3://bucket2/a.zarr", &options),
            ("s3://bucket/a.zarr", &patient),
            ("s3://bucket/a.zarr", &other),
        ] {
            assert!(!Arc::ptr_eq(&first, &store(url, options)), "{url}");
        }
    }
}
