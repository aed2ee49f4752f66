// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// Receives a flash loan and keeps it: with interest rate mode 1 or 2 the Pool then opens a debt
/// for the account the loan was taken on behalf of.
contract FlashBorrower {
    function executeOperation(
        address[] calldata,
        uint256[] calldata,
        uint256[] calldata,
        address,
        bytes calldata
    ) external pure returns (bool) {
        return true;
    }
}
