//! Buckets of the local cloud. Where there is none the test says that it was not run there.
#![allow(clippy::print_stderr, reason = "a test says what it does not do")]

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use granary_silo::{BucketStore, Error};
use object_store::ObjectStore;

use super::Place;

/// The endpoints, as `localstack/run` sets them: LocalStack's and SeaweedFS's.
const ENDPOINTS: [&str; 2] = ["GRANARY_LOCALSTACK", "GRANARY_SEAWEEDFS"];

/// The bucket that `localstack/run` has made on both.
const BUCKET: &str = "granary-tests";

/// A prefix of its own in each bucket that there is.
pub(crate) async fn of_the_local_cloud() -> Vec<Place> {
    let mut places = Vec::new();
    for name in ENDPOINTS {
        let Some(config) = config(name) else { continue };
        let prefix = format!("suite/{:016x}", fastrand::u64(..));
        let store = BucketStore::new(&config, BUCKET, &prefix).unwrap();
        store.probe().await.unwrap();
        places.push(Place(Arc::new(store), None));
    }
    places
}

fn config(endpoint: &str) -> Option<SdkConfig> {
    let Ok(url) = std::env::var(endpoint) else {
        eprintln!("not run in a bucket: {endpoint} is not set; `localstack/run cargo test …` sets it");
        return None;
    };
    let credentials = SharedCredentialsProvider::new(Credentials::from_keys("test", "test", None));
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials);
    Some(config.build())
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    for name in ENDPOINTS {
        let Some(config) = config(name) else { continue };
        let store = BucketStore::new(&config, "no-such-bucket", "a").unwrap();
        let mut errors = vec![store.look().await.unwrap_err()];
        if name == ENDPOINTS[0] {
            // SeaweedFS makes a bucket that is written to.
            errors.push(store.probe().await.unwrap_err());
        }
        for error in errors {
            assert!(matches!(error, Error::NoSuchBucket { .. }), "{error:?}");
            let text = error.to_string();
            assert!(text.starts_with("there is no bucket for s3://no-such-bucket/a at http://"), "{text}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_named() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let credentials = SharedCredentialsProvider::new(Credentials::from_keys("test", "test", None));
    let config =
        SdkConfig::builder().endpoint_url(format!("http://{nobody}")).credentials_provider(credentials);
    let error = BucketStore::new(&config.build(), BUCKET, "").unwrap().look().await.unwrap_err();
    assert!(matches!(error, Error::Store { .. }), "{error:?}");
}

#[tokio::test]
async fn content_types_are_kept_and_a_listing_stays_below_the_prefix() {
    use futures::TryStreamExt;
    use object_store::{Attribute, ObjectStoreExt, path::Path};
    for Place(store, _) in of_the_local_cloud().await {
        let store: Arc<dyn ObjectStore> = store;
        let silo =
            granary_silo::Silo::create(store.clone(), "maths".parse().unwrap(), "http://x/").await.unwrap();
        let (id, v, name) = (
            "oai:x:1".parse().unwrap(),
            granary_silo::VersionName::number(1),
            granary_silo::FileName::safe("a.pdf"),
        );
        let sizes = [10, 9 << 20];
        for size in sizes {
            let name = name.distinct(&size.to_string());
            let stored =
                silo.store(&id, &v, &name, Some("application/pdf"), vec![7; size].into()).await.unwrap();
            let got = silo.read(&id, &stored.path).await.unwrap().unwrap();
            assert_eq!(
                got.attributes.get(&Attribute::ContentType).map(AsRef::as_ref),
                Some("application/pdf")
            );
        }
        let all: Vec<_> =
            store.list(None).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
        let ours = |path: &String| path.starts_with("maths/") || path == "_granary/conditional-writes";
        assert!(all.len() == 5 && all.iter().all(ours), "{all:?}");
        let manifest = store.get(&Path::from("maths/pairtree_prefix")).await.unwrap();
        assert_eq!(manifest.attributes.get(&Attribute::ContentType).map(AsRef::as_ref), Some("text/plain"));
    }
}
