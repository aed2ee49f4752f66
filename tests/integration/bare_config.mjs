// A configuration of sinks and keys: nobody answers on its one endpoint, so no chain is followed.

/** `daemon` and `rest` are lines of [daemon] and what comes after the protocol. */
export const bareConfiguration = ({ folder, daemon = '', rest }) => `version = 1
[daemon]
state_dir = "${folder}/state"
${daemon}
[chains.ethereum]
kind = "evm"
chain_id = 1
endpoints = ["http://127.0.0.1:9"]
[protocols.aave-v3-ethereum]
kind = "aave-v3"
chain = "ethereum"
${rest}`;
