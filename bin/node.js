#!/usr/bin/env node
// `node bin/node.js [flags] script [arguments]`: runs a script with the Node that Sluice needs, whichever Node npm runs on.
import { findNode, handOver, isNewEnough } from "./launch.js";

handOver(isNewEnough() ? process.execPath : findNode(), process.argv.slice(2), { tied: false });
