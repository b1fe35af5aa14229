// Runs a Lambda handler, where the official client, aws-lambda-ric, is not installed: it compiles, and this does not.
//
// usage: node node.mjs FILE.FUNCTION, in the folder of its code, with AWS_LAMBDA_RUNTIME_API set.
// Handlers may be asynchronous, take a callback, or stream (awslambda.streamifyResponse). What it says of failures is what the official
// client says.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const PRELUDE = "application/vnd.awslambda.http-integration-response";

globalThis.awslambda = {
  streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: "response" }),
  HttpResponseStream: {
    from: (stream, head) => {
      stream.setContentType(PRELUDE);
      stream.before = [JSON.stringify(head), new Uint8Array(8)];
      return stream;
    },
  },
};

function ask(method, where, headers = {}) {
  return http.request({ agent, host, port, method, path: `/2018-06-01/runtime/${where}`, headers });
}

function answered(request) {
  return new Promise((resolve, reject) => {
    request.on("error", reject).on("response", (response) => {
      const pieces = [];
      response.on("error", reject).on("data", (piece) => pieces.push(piece));
      response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(pieces).toString() }));
    });
  });
}

function call(method, where, body) {
  const request = ask(method, where, body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  const answer = answered(request);
  request.end(body);
  return answer;
}

function told(error) {
  const known = error instanceof Error;
  return JSON.stringify({
    errorType: known ? error.name : typeof error,
    errorMessage: known ? error.message : String(error),
    trace: known ? (error.stack ?? "").split("\n") : [],
  });
}

function fault(name, message) {
  return Object.assign(new Error(message), { name });
}

async function found(handler) {
  const [, folder, file, name] = /^(.*\/)?([^./]+)\.(.+)$/.exec(handler) ?? [];
  if (!name || handler.includes("..")) throw fault("Runtime.MalformedHandlerName", "Bad handler");
  const whole = path.resolve(folder ?? "", file);
  const suffix = ["", ".js", ".mjs", ".cjs"].find((suffix) => fs.statSync(whole + suffix, { throwIfNoEntry: false })?.isFile());
  let loaded;
  try {
    loaded = suffix === undefined ? createRequire(whole)(whole) : await import(pathToFileURL(whole + suffix));
  } catch (error) {
    if (error instanceof SyntaxError) throw fault("Runtime.UserCodeSyntaxError", String(error));
    if (error.code === "MODULE_NOT_FOUND") throw fault("Runtime.ImportModuleError", String(error));
    throw error;
  }
  const within = (from) => name.split(".").reduce((from, part) => from?.[part], from);
  const handles = within(loaded) ?? within(loaded.default);
  if (typeof handles !== "function") throw fault("Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  return handles;
}

function contextOf(headers) {
  const env = process.env;
  const client = headers["lambda-runtime-client-context"];
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    clientContext: client && JSON.parse(client),
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Number(headers["lambda-runtime-deadline-ms"]) - Date.now()),
  };
}

/** What a handler answers, whichever way it does. */
function result(handler, event, context) {
  return new Promise((resolve, reject) => {
    const callback = (error, value) => (error ? reject(error) : resolve(value));
    Object.assign(context, { succeed: resolve, fail: reject, done: callback });
    const given = handler(event, context, callback);
    if (typeof given?.then === "function") given.then(resolve, reject);
    else if (handler.length < 3) resolve(given);
  });
}

/** Answers in pieces. */
async function stream(handler, event, context, where) {
  const request = ask("POST", where, {
    "Content-Type": "application/octet-stream",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
  });
  const answer = answered(request);
  request.setContentType = (type) => request.setHeader("Content-Type", type);
  const write = request.write.bind(request);
  const head = () => request.before?.splice(0).forEach((piece) => write(piece));
  request.write = (piece, ...rest) => {
    head();
    const isBytes = typeof piece === "string" || piece instanceof Uint8Array;
    return write(isBytes ? piece : JSON.stringify(piece), ...rest);
  };
  const end = request.end.bind(request);
  request.end = (piece, ...rest) => {
    head();
    return typeof piece === "string" || piece instanceof Uint8Array ? end(piece, ...rest) : end();
  };
  try {
    await handler(event, request, context);
  } catch (error) {
    // Before the first byte it is an error like others.
    if (!request.headersSent) {
      request.destroy();
      answer.catch(() => {});
      throw error;
    }
    console.error(error);
    const body = Buffer.from(told(error)).toString("base64");
    request.addTrailers({ "Lambda-Runtime-Function-Error-Type": error?.name ?? "Error", "Lambda-Runtime-Function-Error-Body": body });
    request.end();
  }
  await answer;
}

let handler;
try {
  handler = await found(process.argv[2]);
} catch (error) {
  console.error(error);
  await call("POST", "init/error", told(error));
  process.exit(1);
}
for (;;) {
  const { headers, body } = await call("GET", "invocation/next");
  const context = contextOf(headers);
  const where = `invocation/${context.awsRequestId}`;
  if (headers["lambda-runtime-trace-id"]) process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  else delete process.env._X_AMZN_TRACE_ID;
  try {
    if (handler[STREAMING]) {
      await stream(handler, JSON.parse(body), context, `${where}/response`);
    } else {
      await call("POST", `${where}/response`, JSON.stringify((await result(handler, JSON.parse(body), context)) ?? null));
    }
  } catch (error) {
    console.error(error);
    await call("POST", `${where}/error`, told(error));
  }
}
