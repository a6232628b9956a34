// Holds Kubernetes objects to the types of their API, strictly: a field that the type does not have is an error.
//
//   api_types.mjs TOOLS < objects.json      TOOLS: the folder of tests/container/kubernetes_tools
//
// The validators are compiled from the API's own OpenAPI documents. They do not mind unknown fields, but they ask
// an object for each field that they know: what was never asked for is unknown.
import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const packages = `${process.argv[2]}/node_modules`;

async function typeOf({ apiVersion, kind }) {
  const operator = apiVersion.startsWith("monitoring.coreos.com/");
  const folder = operator ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  const path = `${packages}/${folder}/${apiVersion}/${kind}.js`;
  return existsSync(path) ? (await import(pathToFileURL(path)))[kind] : undefined;
}

// `unasked` gets functions that tell, afterwards, which keys nobody has asked for. Keys of lists and of maps
// whose keys are free are all asked for by the validators themselves.
function watched(value, path, unasked) {
  if (value === null || typeof value !== "object") return value;
  const asked = new Set();
  const children = new Map();
  unasked.push(() => Object.keys(value).filter((key) => !asked.has(key)).map((key) => `${path}/${key}`));
  return new Proxy(value, {
    get(object, key) {
      if (!Object.hasOwn(object, key)) return object[key];
      asked.add(key);
      if (!children.has(key)) children.set(key, watched(object[key], `${path}/${key}`, unasked));
      return children.get(key);
    },
  });
}

function refusal(Type, object) {
  try {
    Type.prototype.validate.call(object);
    return [];
  } catch (error) {
    return [error.message];
  }
}

async function problemsOf(object) {
  const Type = await typeOf(object);
  if (!Type) return [`${object.apiVersion} has no such kind`];
  const unasked = [];
  const refused = refusal(Type, watched(object, "", unasked));
  const unknown = unasked.flatMap((tell) => tell());
  return [...refused, ...unknown.map((path) => `${path} is no field of it`)];
}

let failed = false;
for (const object of JSON.parse(readFileSync(0))) {
  for (const problem of await problemsOf(object)) {
    failed = true;
    console.error(`${object.kind} ${object.metadata?.name}: ${problem}`);
  }
}
process.exit(failed ? 1 : 0);
