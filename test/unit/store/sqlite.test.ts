import { storeContract } from "./contract.ts";
import { sqliteRig } from "./rig.ts";

storeContract("SQLite", sqliteRig);
