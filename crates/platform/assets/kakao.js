// Kakaw's JavaScript SDK: what services use of `Kakao`, against the server that this file came from.
(() => {
  const VERSION = "2.7.1";
  const here = new URL(document.currentScript?.src ?? location.href);
  // Under interception the file comes from Kakao's own hosts, and each surface has its own.
  const intercepted = /\.(kakao\.com|kakaocdn\.net)$/.test(here.hostname);
  // The server may be below a path: it is what stands before the path of this file.
  const root = here.origin + (here.pathname.match(/^(.*?)\/(?:sdk\/js|kakao_js_sdk)\//)?.[1] ?? "");
  // A server whose surfaces have origins of their own writes them here.
  const origins = {};
  const host = (name) => (intercepted ? `https://${name}.kakao.com` : origins[name] ?? root);
  const ua = navigator.userAgent;
  const inTalk = /KAKAOTALK/i.test(ua);
  const os = /android/i.test(ua) ? "android" : /iphone|ipad|ipod/i.test(ua) ? "ios" : "";
  let appKey = null;
  let token = null;

  class KakaoError extends Error {
    constructor(message) {
      super(message);
      this.name = "KakaoError";
    }
  }
  const fail = (message) => {
    throw new KakaoError(message);
  };
  const checkKey = () => appKey ?? fail("App key must be initialized");
  const checkNames = (given, known, where) => {
    const wrong = Object.keys(given).filter((name) => !known.includes(name));
    if (wrong.length) fail(`Invalid parameter keys: ${wrong.join(", ")} at ${where}`);
  };
  const random = (length) => {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % 62]).join("");
  };
  const query = (fields) => {
    const sent = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
    return new URLSearchParams(sent.map(([name, value]) => [name, String(value)])).toString();
  };
  const ka = () =>
    `sdk/${VERSION} os/javascript sdk_type/javascript lang/${navigator.language} ` +
    `device/${navigator.platform.replace(/ /g, "_")} origin/${encodeURIComponent(location.origin)}`;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const storage = () => `kakaw_${appKey}`;

  // Asks for the outcome of a log-in once a second, for ten minutes.
  const poll = async (transaction, state) => {
    const url = `${host("kauth")}/apiweb/code.json?${query({ client_id: appKey, auth_tran_id: transaction, ka: ka() })}`;
    for (let i = 0; i < 600; i++) {
      const answer = await fetch(url).then((got) => got.json()).catch(() => ({ error_code: "300" }));
      if (answer.error_code !== "300") {
        const { status, error_code, ...rest } = answer;
        return { ok: status === "ok", rest };
      }
      await wait(1000);
    }
    return { ok: false, rest: { error: "timeout", error_description: "LOGIN_TIMEOUT", ...(state && { state }) } };
  };

  const OPTIONS = {
    redirectUri: "redirect_uri", state: "state", prompt: "prompt", scope: "scope", serviceTerms: "extra.service_terms",
    channelPublicId: "channel_public_id", deviceType: "device_type", loginHint: "login_hint", nonce: "nonce",
    settleId: "settle_id", kauth_tx_id: "kauth_tx_id",
  };
  const authorize = (options = {}) => {
    checkKey();
    checkNames(options, [...Object.keys(OPTIONS), "isPopup", "throughTalk", "throughSyncplugin"], "Auth.authorize");
    const { redirectUri, state, isPopup = false, throughTalk = true } = options;
    const prompts = String(options.prompt ?? "").split(/[ ,]+/);
    const end = ({ ok, rest }) => {
      if (redirectUri) {
        location.href = `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query(rest)}`;
        return new Promise(() => {});
      }
      return ok ? rest : Promise.reject(rest);
    };
    if (prompts.includes("none") && !inTalk) {
      const rest = { error: "auto_login", error_description: "NOT_SUPPORTED_BROWSER", ...(state && { state }) };
      return Promise.resolve(end({ ok: false, rest }));
    }
    const transaction = random(60);
    const fields = { client_id: appKey, response_type: "code", auth_tran_id: transaction, is_popup: isPopup, ka: ka() };
    for (const [option, name] of Object.entries(OPTIONS)) fields[name] = options[option];
    fields.redirect_uri = redirectUri ?? "JS-SDK";
    const web = `${host("kauth")}/oauth/authorize?${query(fields)}`;
    const easy = throughTalk && os && !inTalk && !prompts.includes("login") && !/instagram|fban|fbav/i.test(ua);
    if (easy) {
      const talk = `${host("kauth")}/oauth/authorize?${query({ ...fields, is_popup: true })}`;
      location.href = os === "android" ? intent(fields, web) : universalLink(talk, web);
      return poll(transaction, state).then(end);
    }
    if (!isPopup) {
      location.href = web;
      return new Promise(() => {});
    }
    // With is_popup the outcome waits for this page, also with a redirect URI: the page goes there itself.
    const popup = window.open(web, "_blank", `width=480,height=700,left=${(screen.width - 480) / 2},top=${(screen.height - 700) / 2}`);
    return poll(transaction, state).then((outcome) => {
      popup?.close();
      return end(outcome);
    });
  };
  const intent = ({ client_id, redirect_uri, ka, ...params }, web) => {
    const extra = encodeURIComponent(JSON.stringify({ ...params, is_popup: true }));
    const talk = "S.com.kakao.sdk.talk";
    return (
      "intent:#Intent;action=com.kakao.talk.intent.action.CAPRI_LOGGED_IN_ACTIVITY;launchFlags=0x08880000;" +
      `${talk}.appKey=${client_id};${talk}.redirectUri=${redirect_uri};${talk}.kaHeader=${ka};${talk}.extraparams=${extra};` +
      `${params.state ? `${talk}.state=${params.state};` : ""}S.browser_fallback_url=${encodeURIComponent(web)};end;`
    );
  };
  const universalLink = (talk, web) => {
    const scheme = encodeURIComponent(`kakaotalk://inappbrowser?url=${encodeURIComponent(talk)}`);
    return `${host("talk-apps")}/scheme/${scheme}&web=${encodeURIComponent(web)}`;
  };

  // What may be called, and with what; `!` marks what must be there.
  const CALLS = {
    "/v1/user/access_token_info": ["GET"],
    "/v1/user/logout": ["POST"],
    "/v1/user/unlink": ["POST"],
    "/v1/user/signup": ["POST", "properties"],
    "/v1/user/update_profile": ["POST", "properties!"],
    "/v2/user/me": ["GET", "property_keys", "secure_resource"],
    "/v2/user/scopes": ["GET", "scopes"],
    "/v2/user/revoke/scopes": ["POST", "scopes!"],
    "/v1/user/service/terms": ["GET", "extra"],
    "/v2/user/service_terms": ["GET", "extra", "tags", "result"],
    "/v2/user/revoke/service_terms": ["POST", "tags!"],
    "/v2/user/upgrade/service_terms": ["POST", "tags!"],
    "/v1/user/shipping_address": ["GET", "address_id", "from_updated_at", "page_size"],
  };
  const request = (options = {}) => {
    checkKey();
    checkNames(options, ["url", "data", "files", "success", "fail", "always"], "API.request");
    const call = CALLS[options.url] ?? fail(`Illegal argument for "url" in API.request: ${options.url}`);
    const [method, ...names] = call;
    const data = options.data ?? {};
    checkNames(data, names.map((name) => name.replace("!", "")), "API.request");
    const missing = names.filter((name) => name.endsWith("!") && data[name.slice(0, -1)] === undefined);
    if (missing.length) fail(`Missing required keys: ${missing.map((name) => name.slice(0, -1)).join(", ")} at API.request`);
    const text = (name, value) =>
      name === "tags" && Array.isArray(value) ? value.join(",") : typeof value === "object" ? JSON.stringify(value) : value;
    const fields = query(Object.fromEntries(Object.entries(data).map(([name, value]) => [name, text(name, value)])));
    const url = host("kapi") + options.url + (method === "GET" && fields ? `?${fields}` : "");
    const headers = {
      Authorization: `Bearer ${getAccessToken()}`, KA: ka(), Pragma: "no-cache",
      "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    };
    const body = method === "POST" ? new URLSearchParams(fields) : undefined;
    const sent = fetch(url, { method, headers, body }).then(async (answer) => {
      const json = await answer.json();
      return answer.status === 200 ? json : Promise.reject(json);
    });
    sent.then(options.success, options.fail ?? (() => {})).finally(() => options.always?.());
    return sent;
  };

  const setAccessToken = (value, persist = true) => {
    token = value;
    try {
      if (value === null || !persist) sessionStorage.removeItem(storage());
      else sessionStorage.setItem(storage(), value);
    } catch {
      // A page without storage keeps it in memory.
    }
  };
  const getAccessToken = () => {
    try {
      token ??= appKey && sessionStorage.getItem(storage());
    } catch {
      // As above.
    }
    return token ?? null;
  };
  const getStatusInfo = () => {
    if (!getAccessToken()) return Promise.reject({ status: "not_connected" });
    return request({ url: "/v2/user/me" }).then(
      (user) => ({ status: "connected", user }),
      () => ({ status: "not_connected" }),
    );
  };
  const logout = () => {
    const sent = request({ url: "/v1/user/logout" });
    // Gone here, whatever the server answers.
    setAccessToken(null);
    return sent;
  };

  const selectShippingAddress = async (options = {}) => {
    checkKey();
    checkNames(options, ["returnUrl", "addressId", "enableBackButton", "mobileView"], "Auth.selectShippingAddress");
    const transaction = random(60);
    const fields = {
      app_key: appKey, ka: ka(), trans_id: transaction, mobile_view: options.mobileView ?? Boolean(os),
      enable_back_button: options.enableBackButton ?? false, address_id: options.addressId, return_url: options.returnUrl,
    };
    const window_ = options.returnUrl ? window : window.open("about:blank", "shipping-address", "width=460,height=608");
    const answer = await fetch(`${host("kauth")}/api/agt`, {
      method: "POST", body: new URLSearchParams({ client_id: appKey, access_token: getAccessToken() ?? "" }),
    }).then((got) => got.json());
    const known = ["invalid_request", "invalid_client"].includes(answer.error);
    const url = answer.agt
      ? `${host("apps")}/auth/kpidt?${query({ app_key: appKey, agt: answer.agt, continue: `${host("apps")}/user/address?${query(fields)}` })}`
      : `${host("apps")}/error/${known ? "auth" : "server-error"}?${query(fields)}`;
    const frame = document.createElement("iframe");
    const outcome = new Promise((done) => {
      addEventListener("message", (event) => event.source === frame.contentWindow && done(event.data));
    });
    if (!options.returnUrl) {
      frame.hidden = true;
      frame.src = `${host("apps")}/proxy?trans_id=${transaction}`;
      document.body.append(frame);
    }
    window_.location.href = url;
    if (options.returnUrl) return new Promise(() => {});
    const data = await outcome;
    frame.remove();
    const told = data === "closed" ? { error_code: "CLOSED", error_msg: "the picker was closed" } : JSON.parse(data);
    return told.address_id ? told : Promise.reject(told);
  };

  // The popup of version 1 is retired: the server says so (KOE023).
  const retired = (options = {}) => {
    checkKey();
    const fields = { client_id: appKey, redirect_uri: "kakaojs", response_type: "code", state: random(20), proxy: "easyXDM", ka: ka() };
    window.open(`${host("kauth")}/oauth/authorize?${query(fields)}`, "_blank", "width=480,height=700");
    options.fail?.({ error: "KOE023" });
  };

  window.Kakao = {
    VERSION,
    init: (key) => {
      if (appKey) fail("Kakao.init: Already initialized.");
      if (typeof key !== "string" || !key) fail("Kakao.init: App key must be provided");
      appKey = key;
    },
    isInitialized: () => appKey !== null,
    cleanup: () => {
      appKey = token = null;
    },
    Auth: {
      authorize, setAccessToken, getAccessToken, getStatusInfo, logout, selectShippingAddress, getAppKey: () => appKey,
      login: retired, loginForm: retired, cleanup: () => {},
    },
    API: { request, cleanup: () => {} },
  };
})();
