// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// An "upgraded" implementation: the code of another implementation under another revision
/// number. Installed behind a proxy it leaves storage and behaviour as they were, so only the
/// number and the Upgraded event tell that anything happened.
contract ImplementationShim {
    address private immutable code;
    bytes4 private immutable revisionGetter;
    uint256 private immutable revision;
    bytes4 private immutable initializer;

    constructor(address code_, bytes4 revisionGetter_, uint256 revision_, bytes4 initializer_) {
        code = code_;
        revisionGetter = revisionGetter_;
        revision = revision_;
        initializer = initializer_;
    }

    fallback() external payable {
        if (msg.sig == initializer) return;
        address target = code;
        uint256 shown = revision;
        bool isGetter = msg.sig == revisionGetter;
        assembly {
            if isGetter {
                mstore(0, shown)
                return(0, 32)
            }
            calldatacopy(0, 0, calldatasize())
            let ok := delegatecall(gas(), target, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(ok) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}
