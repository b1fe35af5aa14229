use super::{GatewayResponses, put_standard_fields, record};
use crate::bench::{World, lines, map};
use base::gate::{Exchange, Refusal, RefusalKind, Reply, ReplyBody};
use proptest::prelude::*;

const GET: &str = "GET /prod/p1?q=qv HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n";

fn customised(kind: &str, status: Option<&str>, parameters: &[(&str, &str)], templates: &[(&str, &str)]) -> record::GatewayResponse {
    record::GatewayResponse {
        api: "api".into(),
        kind: kind.into(),
        status_code: status.map(str::to_owned),
        parameters: map(parameters),
        templates: map(templates),
    }
}

fn compiled(records: &[record::GatewayResponse]) -> GatewayResponses {
    let (responses, flaws) = GatewayResponses::compile(records);
    assert_eq!(flaws, []);
    responses
}

fn body(reply: &Reply) -> String {
    let ReplyBody::Whole(bytes) = &reply.body else { panic!("a refusal has its body") };
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Status, body, and fields but for the ids.
fn told(responses: &GatewayResponses, refusal: &Refusal, ex: &mut Exchange) -> (u16, String, Vec<String>) {
    let reply = responses.render(refusal, ex);
    let mut fields = lines(&reply.fields);
    fields.retain(|line| !line.starts_with("x-amzn-RequestId") && !line.starts_with("x-amz-apigw-id"));
    (reply.status, body(&reply), fields)
}

#[test]
fn each_sort_of_refusal_is_told_in_awss_own_bytes() {
    use RefusalKind::*;
    let world = World::new();
    for (kind, status, text, error_type) in [
        (AccessDenied, 403, r#"{"Message":"User is not authorized to access this resource"}"#, "AccessDeniedException"),
        (ApiConfigurationError, 500, r#"{"message": "Internal server error"}"#, "InternalServerErrorException"),
        (AuthorizerConfigurationError, 500, r#"{"message":null}"#, "AuthorizerConfigurationException"),
        (AuthorizerFailure, 500, r#"{"message":null}"#, "AuthorizerFailureException"),
        (BadRequestBody, 400, r#"{"message": "Invalid request body"}"#, "BadRequestException"),
        (ExpiredToken, 403, r#"{"message":"The security token included in the request is expired"}"#, "ExpiredTokenException"),
        (IntegrationFailure, 504, r#"{"message":"Network error communicating with endpoint"}"#, "InternalServerErrorException"),
        (IntegrationTimeout, 504, r#"{"message":"Endpoint request timed out"}"#, "InternalServerErrorException"),
        (InvalidApiKey, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException"),
        (MissingAuthenticationToken, 403, r#"{"message":"Missing Authentication Token"}"#, "MissingAuthenticationTokenException"),
        (QuotaExceeded, 429, r#"{"message":"Limit Exceeded"}"#, "LimitExceededException"),
        (RequestTooLarge, 413, r#"{"message":"Request Too Long"}"#, "RequestTooLargeException"),
        (ResourceNotFound, 404, r#"{"message":"Not Found"}"#, "ResourceNotFoundException"),
        (Throttled, 429, r#"{"message":"Too Many Requests"}"#, "TooManyRequestsException"),
        (Unauthorized, 401, r#"{"message":"Unauthorized"}"#, "UnauthorizedException"),
        (UnsupportedMediaType, 415, r#"{"message": "Unsupported Media Type"}"#, "BadRequestException"),
        (WafFiltered, 403, r#"{"message":"Forbidden"}"#, "ForbiddenException"),
        (BadGateway, 502, r#"{"message": "Internal server error"}"#, "InternalServerErrorException"),
        (Front(414), 414, r#"{"message":"Request URI too long"}"#, "BadRequestException"),
    ] {
        let refusal = Refusal::of(kind, "because");
        let expected =
            (status, text.to_owned(), vec!["Content-Type: application/json".to_owned(), format!("x-amzn-ErrorType: {error_type}")]);
        assert_eq!(told(&GatewayResponses::default(), &refusal, &mut world.exchange(GET)), expected, "{kind:?}");
    }
    let missing = Refusal::saying(BadRequestParameters, "Missing required request parameters: [a, b]", "x");
    let (_, text, _) = told(&GatewayResponses::default(), &missing, &mut world.exchange(GET));
    assert_eq!(text, r#"{"message": "Missing required request parameters: [a, b]"}"#);
    let quoted = Refusal::saying(BadRequest, "say \"no\"", "x");
    assert_eq!(told(&GatewayResponses::default(), &quoted, &mut world.exchange(GET)).1, r#"{"message":"say \"no\""}"#);
    let other = Refusal::saying(IntegrationFailure, "Internal server error", "x");
    assert_eq!(told(&GatewayResponses::default(), &other, &mut world.exchange(GET)).1, r#"{"message": "Internal server error"}"#);
}

#[test]
fn every_reply_has_its_ids_and_only_a_refusal_a_type() {
    let world = World::new();
    let ex = world.exchange(GET);
    let mut reply = Reply::new(200, ReplyBody::Empty);
    put_standard_fields(&mut reply, &ex, None);
    let expected = [
        "Content-Type: application/json".to_owned(),
        format!("x-amz-apigw-id: {}", ex.extended_id.as_str()),
        format!("x-amzn-RequestId: {}", ex.id),
    ];
    assert_eq!(lines(&reply.fields), expected);
    let mut reply = Reply::new(200, ReplyBody::Empty);
    reply.fields.push("content-type", b"text/x").unwrap();
    put_standard_fields(&mut reply, &ex, None);
    assert!(lines(&reply.fields).contains(&"content-type: text/x".to_owned()) && reply.fields.len() == 3);
}

#[test]
fn the_recorded_customisation_puts_in_parameters_and_variables() {
    let text = "{\n     \"message\": $context.error.messageString,\n     \"type\":  \"$context.error.responseType\",\n     \
                \"stage\":  \"$context.stage\",\n     \"resourcePath\":  \"$context.resourcePath\",\n     \
                \"stageVariables.a\":  \"$stageVariables.a\",\n     \"statusCode\": \"'404'\"\n}";
    let responses = compiled(&[customised(
        "MISSING_AUTHENTICATION_TOKEN",
        Some("404"),
        &[
            ("gatewayresponse.header.x-request-path", "method.request.path.petId"),
            ("gatewayresponse.header.Access-Control-Allow-Origin", "'a.b.c'"),
            ("gatewayresponse.header.x-request-query", "method.request.querystring.q"),
            ("gatewayresponse.header.x-request-header", "method.request.header.Accept"),
            ("gatewayresponse.header.x-nothing", "method.request.header.Nothing"),
            ("gatewayresponse.header.x-api", "context.apiId"),
        ],
        &[("application/json", text)],
    )]);
    let world = World::new();
    let mut ex = world.routed(GET, &[("petId", "p1")]);
    let refusal = Refusal::of(RefusalKind::MissingAuthenticationToken, "no method");
    let (status, body, fields) = told(&responses, &refusal, &mut ex);
    assert_eq!(status, 404);
    assert_eq!(
        body,
        "{\n     \"message\": \"Missing Authentication Token\",\n     \"type\":  \"MISSING_AUTHENTICATION_TOKEN\",\n     \
         \"stage\":  \"prod\",\n     \"resourcePath\":  \"/{x}\",\n     \"stageVariables.a\":  \"\",\n     \"statusCode\": \"'404'\"\n}"
    );
    assert_eq!(
        fields,
        [
            "Access-Control-Allow-Origin: a.b.c",
            "Content-Type: application/json",
            "x-amzn-ErrorType: MissingAuthenticationTokenException",
            "x-api: api1234567",
            "x-request-header: application/json",
            "x-request-path: p1",
            "x-request-query: qv",
        ]
    );
    assert_eq!(ex.notes.refused, Some((RefusalKind::MissingAuthenticationToken, "no method".into())));
}

#[test]
fn what_has_no_customisation_of_its_own_takes_the_default_of_its_class() {
    let cors = [("gatewayresponse.header.Access-Control-Allow-Origin", "'*'")];
    let responses = compiled(&[
        customised("DEFAULT_4XX", Some("444"), &cors, &[]),
        customised("DEFAULT_5XX", None, &cors, &[("application/json", "{\"oops\":$context.error.messageString}")]),
        customised("THROTTLED", None, &[], &[]),
    ]);
    let world = World::new();
    let told = |kind| {
        let (status, body, fields) = told(&responses, &Refusal::of(kind, "x"), &mut world.exchange(GET));
        (status, body, fields.contains(&"Access-Control-Allow-Origin: *".to_owned()))
    };
    assert_eq!(told(RefusalKind::Unauthorized), (444, r#"{"message":"Unauthorized"}"#.into(), true));
    assert_eq!(told(RefusalKind::BadRequest), (444, r#"{"message":"Bad Request"}"#.into(), true));
    assert_eq!(told(RefusalKind::AuthorizerFailure), (500, r#"{"oops":null}"#.into(), true));
    assert_eq!(told(RefusalKind::BadGateway), (502, r#"{"oops":"Internal server error"}"#.into(), true));
    assert_eq!(told(RefusalKind::Throttled), (429, r#"{"message":"Too Many Requests"}"#.into(), false));
    assert!(!told(RefusalKind::Front(400)).2);
    assert_eq!(told(RefusalKind::RequestTooLarge), (413, r#"{"message":"Request Too Long"}"#.into(), false));
}

#[test]
fn a_template_is_chosen_by_what_the_caller_accepts() {
    let templates = [("application/json", "json"), ("application/xml", "<m>$context.error.message</m>")];
    let responses = compiled(&[customised("THROTTLED", None, &[], &templates)]);
    let world = World::new();
    for (accept, expected, media) in
        [("application/xml", "<m>Too Many Requests</m>", "application/xml"), ("text/html", "json", "application/json")]
    {
        let mut ex = world.exchange(&format!("GET / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n"));
        let (_, body, fields) = told(&responses, &Refusal::of(RefusalKind::Throttled, "x"), &mut ex);
        assert_eq!((body.as_str(), fields[0].as_str()), (expected, format!("Content-Type: {media}").as_str()));
    }
}

#[test]
fn only_variables_are_put_in_and_all_else_stays() {
    let text = "$5 #if $input.body $context.stage.x $context.unknown.thing! $stageVariables.v. $method.request.querystring.q $";
    let responses = compiled(&[customised("THROTTLED", None, &[], &[("text/plain", text)])]);
    let world = World::new();
    let (_, body, _) = told(&responses, &Refusal::of(RefusalKind::Throttled, "x"), &mut world.exchange(GET));
    assert_eq!(body, "$5 #if $input.body prod.x ! v 1. qv $");
}

#[test]
fn what_is_flawed_is_left_out_and_told() {
    let (responses, flaws) = GatewayResponses::compile(&[customised(
        "THROTTLED",
        Some("9000"),
        &[("gatewayresponse.header.a", "nonsense"), ("elsewhere", "'x'"), ("gatewayresponse.header.b", "'ok'")],
        &[],
    )]);
    assert_eq!(flaws.len(), 3);
    let (status, _, fields) = told(&responses, &Refusal::of(RefusalKind::Throttled, "x"), &mut World::new().exchange(GET));
    assert_eq!((status, fields[1].as_str()), (429, "b: ok"));
}

proptest! {
    #[test]
    fn any_template_is_written(text in r"([a-z.$#{}é ]|\$context\.|\$stageVariables\.|error|message|stage|method\.request\.header\.){0,20}") {
        let (responses, _) = GatewayResponses::compile(&[customised("THROTTLED", None, &[], &[("text/plain", &text)])]);
        let (_, body, _) = told(&responses, &Refusal::of(RefusalKind::Throttled, "x"), &mut World::new().exchange(GET));
        prop_assert!(text.contains('$') || body == text);
    }
}
