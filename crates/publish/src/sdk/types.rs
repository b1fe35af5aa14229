//! The types of SDKs.

use serde::Serialize;

/// A type of SDK.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SdkType {
    pub(super) id: &'static str,
    friendly_name: &'static str,
    description: &'static str,
    configuration_properties: &'static [Property],
}

/// What a caller says of an SDK.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    name: &'static str,
    friendly_name: &'static str,
    description: &'static str,
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<&'static str>,
}

const fn required(name: &'static str, friendly_name: &'static str, description: &'static str) -> Property {
    Property { name, friendly_name, description, required: true, default_value: None }
}

const fn optional(name: &'static str, friendly_name: &'static str, description: &'static str) -> Property {
    Property { name, friendly_name, description, required: false, default_value: None }
}

const CLASS_PREFIX: &[Property] = &[required("classPrefix", "Class prefix", "What the names of all classes begin with.")];

/// All types, by id.
pub(super) const TYPES: &[SdkType] = &[
    SdkType {
        id: "android",
        friendly_name: "Android",
        description: "An SDK for Android, in Java.",
        configuration_properties: &[
            required("groupId", "Group ID", "The Maven group of the SDK."),
            required("artifactId", "Artifact ID", "The Maven artifact of the SDK."),
            required("artifactVersion", "Artifact version", "The version of the SDK."),
            required("invokerPackage", "Invoker package", "The Java package of the SDK."),
        ],
    },
    SdkType {
        id: "java",
        friendly_name: "Java SDK",
        description: "An SDK for Java.",
        configuration_properties: &[
            required("serviceName", "Service name", "What the SDK calls the service."),
            required("javaPackageName", "Java package name", "The Java package of the SDK."),
            optional("java.groupId", "Group ID", "The Maven group of the SDK."),
            optional("java.artifactId", "Artifact ID", "The Maven artifact of the SDK."),
            optional("java.artifact-version", "Artifact version", "The version of the SDK."),
        ],
    },
    SdkType {
        id: "javascript",
        friendly_name: "JavaScript",
        description: "An SDK for browsers, in JavaScript.",
        configuration_properties: &[],
    },
    SdkType {
        id: "objectivec",
        friendly_name: "iOS (Objective-C)",
        description: "An SDK for iOS, in Objective-C.",
        configuration_properties: CLASS_PREFIX,
    },
    SdkType {
        id: "ruby",
        friendly_name: "Ruby SDK",
        description: "An SDK for Ruby.",
        configuration_properties: &[optional("service.name", "Service name", "What the SDK calls the service.")],
    },
    SdkType { id: "swift", friendly_name: "iOS (Swift)", description: "An SDK for iOS, in Swift.", configuration_properties: CLASS_PREFIX },
];
