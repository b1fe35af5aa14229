// A function of the demo: its answer streams, a word at a time.

export const handler = awslambda.streamifyResponse(async (event, stream) => {
  const name = event.queryStringParameters?.name ?? "world";
  const answer = awslambda.HttpResponseStream.from(stream, { statusCode: 200, headers: { "Content-Type": "text/plain" } });
  for (const word of ["Hello ", "from ", "Node, ", `${name}\n`]) answer.write(word);
  answer.end();
});
