/* A client for this API: apigClientFactory.newClient({ accessKey, secretKey, sessionToken, region, apiKey }).
 * It needs fetch and Web Crypto, which every browser and Node.js from version 18 on have. */
(function (root) {
  'use strict';

  var API = __API__;

  var text = new TextEncoder();

  function hex(buffer) {
    return Array.prototype.map.call(new Uint8Array(buffer), function (byte) {
      return ('0' + byte.toString(16)).slice(-2);
    }).join('');
  }

  function sha256(value) {
    return root.crypto.subtle.digest('SHA-256', text.encode(value)).then(hex);
  }

  function hmac(key, value) {
    var usage = { name: 'HMAC', hash: 'SHA-256' };
    return root.crypto.subtle.importKey('raw', key, usage, false, ['sign']).then(function (imported) {
      return root.crypto.subtle.sign('HMAC', imported, text.encode(value));
    });
  }

  /* Everything but letters, digits and -_.~ */
  function encode(value) {
    return encodeURIComponent(value).replace(/[!'()*]/g, function (mark) {
      return '%' + mark.charCodeAt(0).toString(16).toUpperCase();
    });
  }

  function byCode(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  /* The headers that sign a request with AWS Signature Version 4. */
  async function signed(config, request) {
    var url = new URL(request.url);
    var moment = (config.now ? config.now() : new Date()).toISOString().replace(/[-:]|\.\d{3}/g, '');
    var day = moment.slice(0, 8);
    var headers = Object.assign({}, request.headers, { 'x-amz-date': moment });
    if (config.sessionToken) {
      headers['x-amz-security-token'] = config.sessionToken;
    }
    var lines = { host: url.host };
    Object.keys(headers).forEach(function (name) {
      lines[name.toLowerCase()] = String(headers[name]).trim().replace(/ +/g, ' ');
    });
    var names = Object.keys(lines).sort(byCode);
    var query = request.query.map(function (pair) {
      return encode(pair[0]) + '=' + encode(pair[1]);
    }).sort(byCode).join('&');
    var canonical = [
      request.verb,
      url.pathname.split('/').map(encode).join('/'),
      query,
      names.map(function (name) { return name + ':' + lines[name] + '\n'; }).join(''),
      names.join(';'),
      await sha256(request.body || '')
    ].join('\n');
    var scope = [day, config.region, 'execute-api', 'aws4_request'].join('/');
    var key = text.encode('AWS4' + config.secretKey);
    for (var part of scope.split('/')) {
      key = await hmac(key, part);
    }
    var signature = hex(await hmac(key, ['AWS4-HMAC-SHA256', moment, scope, await sha256(canonical)].join('\n')));
    headers.Authorization = 'AWS4-HMAC-SHA256 Credential=' + config.accessKey + '/' + scope +
      ', SignedHeaders=' + names.join(';') + ', Signature=' + signature;
    return headers;
  }

  function pairs(values) {
    return Object.keys(values || {}).reduce(function (all, name) {
      return all.concat([].concat(values[name]).map(function (value) { return [name, String(value)]; }));
    }, []);
  }

  function chosen(names, params) {
    return names.reduce(function (found, name) {
      if (params[name] !== undefined && params[name] !== null) {
        found[name] = params[name];
      }
      return found;
    }, {});
  }

  async function invoke(config, method, params, body, additional) {
    params = params || {};
    additional = additional || {};
    var path = method.path.replace(/\{([^}+]+)(\+?)\}/g, function (_, name, greedy) {
      if (params[name] === undefined || params[name] === null) {
        throw new Error('The parameter ' + name + ' is missing.');
      }
      var value = String(params[name]);
      return greedy ? value.split('/').map(encode).join('/') : encode(value);
    });
    var query = pairs(chosen(method.query, params)).concat(pairs(additional.queryParams));
    var headers = Object.assign({ Accept: 'application/json' }, chosen(method.headers, params), additional.headers);
    var payload = body === undefined || body === null || body === '' ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    var has = function (wanted) {
      return Object.keys(headers).some(function (name) { return name.toLowerCase() === wanted; });
    };
    if (payload !== undefined && !has('content-type')) {
      headers['Content-Type'] = 'application/json';
    }
    if (config.apiKey && !has('x-api-key')) {
      headers['x-api-key'] = config.apiKey;
    }
    var string = query.map(function (pair) { return encode(pair[0]) + '=' + encode(pair[1]); }).join('&');
    var url = config.endpoint + path + (string ? '?' + string : '');
    if (method.signs && config.accessKey) {
      headers = await signed(config, { verb: method.verb, url: url, query: query, headers: headers, body: payload });
    }
    var response = await root.fetch(url, { method: method.verb, headers: headers, body: payload });
    var answer = await response.text();
    var result = { status: response.status, statusText: response.statusText, headers: Object.fromEntries(response.headers), data: answer };
    if (/[/+]json\b/.test(response.headers.get('content-type') || '')) {
      try {
        result.data = JSON.parse(answer);
      } catch (_) {
        /* It is no JSON, whatever it says: it stays a text. */
      }
    }
    if (!response.ok) {
      throw Object.assign(new Error('The API answered with status ' + response.status + '.'), { response: result });
    }
    return result;
  }

  var factory = {
    newClient: function (config) {
      config = Object.assign({ region: API.region, endpoint: API.endpoint }, config);
      var client = {};
      API.methods.forEach(function (method) {
        client[method.name] = function (params, body, additionalParams) {
          return invoke(config, method, params, body, additionalParams);
        };
      });
      return client;
    }
  };

  root.apigClientFactory = factory;
  if (typeof module === 'object' && module.exports) {
    module.exports = factory;
  }
})(typeof globalThis === 'object' ? globalThis : this);
