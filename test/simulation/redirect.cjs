// Loaded before the program by NODE_OPTIONS: sends what it asks of Azure's hosts to the simulation instead. The
// program itself knows nothing of it.
"use strict";

const { fetch } = globalThis;
const sites = process.env.SIMULATED_SITES;

globalThis.fetch = (target, options) => {
  const url = new URL(target instanceof Request ? target.url : target);
  if (!sites || url.hostname === "127.0.0.1") return fetch(target, options);
  return fetch(`${sites}/${url.host}${url.pathname}${url.search}`, options);
};
