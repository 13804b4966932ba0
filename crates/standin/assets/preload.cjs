// Leads Node's TLS connections to the hosts of Kakao Login to the stand-in, also where no proxy variable is read.
const tls = require("node:tls");
const hosts = new Set([HOSTS]);
const connect = tls.connect;
tls.connect = function (...args) {
  const at = args.findIndex((arg) => arg && typeof arg === "object");
  const options = at < 0 ? {} : args[at];
  const host = options.servername || options.host || (typeof args[1] === "string" ? args[1] : undefined);
  if (!hosts.has(host) || options.socket) return connect.apply(this, args);
  const callback = args.find((arg) => typeof arg === "function");
  const { path, lookup, ...kept } = options;
  return connect.call(this, { ...kept, host: "HOST", port: PORT, servername: host }, callback);
};
