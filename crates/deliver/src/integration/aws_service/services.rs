//! What is particular of AWS's services, by the names that integrations' URIs have for them. A service that is not here is called
//! `{name}.{region}.amazonaws.com` and signed for under its name, as most are.
//!
//! The facts are those of AWS's own service models. That the gateway sets `X-Amz-Target` for an action is recorded for DynamoDB, Kinesis and
//! Step Functions (observed/aws-integrations.json), and that EventBridge's is the author's business; SSM is spoken to by its old Query
//! protocol (atlas, integrations §3.6). Of the other JSON services it is assumed.

/// What is particular of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service {
    /// Its last label in URIs and host names, after the subdomain if that tells services apart.
    name: &'static str,
    /// Its id in `AWS_ENDPOINT_URL_{id}`.
    id: &'static str,
    /// What it is signed for, if not its name.
    signing: Option<&'static str>,
    /// How an action is named to it.
    pub(super) protocol: Protocol,
    /// One for all regions: its host has no region, and this one is signed for.
    pub(super) home: Option<&'static str>,
}

/// How an action is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// By the query parameter `Action` alone.
    Query,
    /// By `X-Amz-Target: {this}.{action}`, too; the content is JSON of this version.
    Json(&'static str, &'static str),
}

use Protocol::{Json, Query};

const fn json(name: &'static str, id: &'static str, target: &'static str, version: &'static str) -> Service {
    Service { name, id, signing: None, protocol: Json(target, version), home: None }
}

const fn plain(name: &'static str, id: &'static str) -> Service {
    Service { name, id, signing: None, protocol: Query, home: None }
}

const fn signed(service: Service, signing: &'static str) -> Service {
    Service { signing: Some(signing), ..service }
}

const fn home(service: Service) -> Service {
    Service { home: Some("us-east-1"), ..service }
}

const V0: &str = "application/x-amz-json-1.0";
const V1: &str = "application/x-amz-json-1.1";

/// In the order of their names.
const SERVICES: &[Service] = &[
    signed(json("api.ecr", "ECR", "AmazonEC2ContainerRegistry_V20150921", V1), "ecr"),
    signed(json("api.sagemaker", "SAGEMAKER", "SageMaker", V1), "sagemaker"),
    signed(plain("appsync-api", "APPSYNC"), "appsync"),
    json("athena", "ATHENA", "AmazonAthena", V1),
    signed(plain("bedrock-agent-runtime", "BEDROCK_AGENT_RUNTIME"), "bedrock"),
    signed(plain("bedrock-runtime", "BEDROCK_RUNTIME"), "bedrock"),
    home(plain("cloudfront", "CLOUDFRONT")),
    json("codebuild", "CODEBUILD", "CodeBuild_20161006", V1),
    json("codecommit", "CODECOMMIT", "CodeCommit_20150413", V1),
    json("codepipeline", "CODEPIPELINE", "CodePipeline_20150709", V1),
    json("cognito-identity", "COGNITO_IDENTITY", "AWSCognitoIdentityService", V1),
    json("cognito-idp", "COGNITO_IDENTITY_PROVIDER", "AWSCognitoIdentityProviderService", V1),
    json("comprehend", "COMPREHEND", "Comprehend_20171127", V1),
    signed(plain("data-ats.iot", "IOT_DATA_PLANE"), "iotdata"),
    signed(plain("data.iot", "IOT_DATA_PLANE"), "iotdata"),
    json("dynamodb", "DYNAMODB", "DynamoDB_20120810", V0),
    json("ecs", "ECS", "AmazonEC2ContainerServiceV20141113", V1),
    plain("elasticloadbalancing", "ELASTIC_LOAD_BALANCING_V2"),
    signed(plain("email", "SES"), "ses"),
    plain("es", "OPENSEARCH"),
    plain("events", "EVENTBRIDGE"),
    json("firehose", "FIREHOSE", "Firehose_20150804", V1),
    json("glue", "GLUE", "AWSGlue", V1),
    home(plain("iam", "IAM")),
    signed(json("ingest.timestream", "TIMESTREAM_WRITE", "Timestream_20181101", V0), "timestream"),
    json("kinesis", "KINESIS", "Kinesis_20131202", V1),
    json("kms", "KMS", "TrentService", V1),
    json("logs", "CLOUDWATCH_LOGS", "Logs_20140328", V1),
    plain("monitoring", "CLOUDWATCH"),
    home(json("organizations", "ORGANIZATIONS", "AWSOrganizationsV20161128", V1)),
    json("personalize", "PERSONALIZE", "AmazonPersonalize", V1),
    signed(plain("personalize-runtime", "PERSONALIZE_RUNTIME"), "personalize"),
    signed(json("query.timestream", "TIMESTREAM_QUERY", "Timestream_20181101", V0), "timestream"),
    json("redshift-data", "REDSHIFT_DATA", "RedshiftData", V1),
    json("rekognition", "REKOGNITION", "RekognitionService", V1),
    home(plain("route53", "ROUTE_53")),
    signed(plain("runtime-v2-lex", "LEX_RUNTIME_V2"), "lex"),
    signed(plain("runtime.lex", "LEX_RUNTIME_SERVICE"), "lex"),
    signed(plain("runtime.sagemaker", "SAGEMAKER_RUNTIME"), "sagemaker"),
    signed(plain("s3-control", "S3_CONTROL"), "s3"),
    json("secretsmanager", "SECRETS_MANAGER", "secretsmanager", V1),
    plain("ssm", "SSM"),
    json("states", "SFN", "AWSStepFunctions", V0),
    signed(json("streams.dynamodb", "DYNAMODB_STREAMS", "DynamoDBStreams_20120810", V0), "dynamodb"),
    json("swf", "SWF", "SimpleWorkflowService", V0),
    json("textract", "TEXTRACT", "Textract", V1),
    json("transcribe", "TRANSCRIBE", "Transcribe", V1),
    json("translate", "TRANSLATE", "AWSShineFrontendService_20170701", V1),
];

/// What any other service is.
static OTHER: Service = plain("", "");

/// A service as a request meets it.
pub(super) struct Named<'n> {
    pub(super) facts: &'static Service,
    /// The last label: `s3` of `bucket.s3`.
    pub(super) label: &'n str,
    /// What stands before it, where that is no part of the service's own name.
    pub(super) subdomain: Option<&'n str>,
}

impl<'n> Named<'n> {
    /// Reads `{[subdomain.]service}` of a URI.
    pub(super) fn of(text: &'n str) -> Named<'n> {
        let find = |name: &str| SERVICES.binary_search_by(|service| service.name.cmp(name)).ok().map(|at| &SERVICES[at]);
        if let Some(facts) = find(text) {
            return Named { facts, label: text.rsplit('.').next().unwrap_or(text), subdomain: None };
        }
        match text.rsplit_once('.') {
            Some((subdomain, label)) => Named { facts: find(label).unwrap_or(&OTHER), label, subdomain: Some(subdomain) },
            None => Named { facts: &OTHER, label: text, subdomain: None },
        }
    }

    /// What it is signed for.
    pub(super) fn signing(&self) -> &'n str {
        self.facts.signing.unwrap_or(self.label)
    }

    /// Its id in the names of variables.
    pub(super) fn id(&self) -> String {
        match self.facts.id {
            "" => self.label.to_ascii_uppercase().replace('-', "_"),
            id => id.to_owned(),
        }
    }

    /// Whether it keeps objects: its signatures are S3's, and a subdomain is a bucket.
    pub(super) fn is_s3(&self) -> bool {
        self.label == "s3"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_name_so_they_are_in_order() {
        assert!(SERVICES.is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn a_subdomain_is_what_is_no_part_of_a_services_name() {
        let read = |text| {
            let named = Named::of(text);
            (named.signing(), named.id(), named.subdomain)
        };
        assert_eq!(read("sqs"), ("sqs", "SQS".to_owned(), None));
        assert_eq!(read("my.bucket.s3"), ("s3", "S3".to_owned(), Some("my.bucket")));
        assert_eq!(read("runtime.sagemaker"), ("sagemaker", "SAGEMAKER_RUNTIME".to_owned(), None));
        assert_eq!(read("abc.appsync-api"), ("appsync", "APPSYNC".to_owned(), Some("abc")));
        assert_eq!(read("states"), ("states", "SFN".to_owned(), None));
        assert_eq!(read("email"), ("ses", "SES".to_owned(), None));
        assert_eq!(read("new-service"), ("new-service", "NEW_SERVICE".to_owned(), None));
    }
}
